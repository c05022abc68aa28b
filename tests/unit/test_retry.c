#include "core/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_schedule_doubles_up_to_its_cap(void **state)
{
    const struct retry_policy policy = { .retries = 6, .base_us = 40000, .max_us = 400000 };
    const uint64_t expected_us[] = { 40000, 80000, 160000, 320000, 400000, 400000 };
    struct random random;
    random_init_seed(&random, 1);

    for (unsigned attempt = 1; attempt <= 6; attempt++) {
        uint64_t delay_us;
        assert_true(retry_next(&policy, attempt, &random, &delay_us));
        assert_int_equal(delay_us, expected_us[attempt - 1]);
    }
}

static void after_the_last_retry_there_is_none(void **state)
{
    const struct retry_policy policy = { .retries = 3, .base_us = 1, .max_us = 8 };
    struct random random;
    random_init_seed(&random, 1);
    uint64_t delay_us;
    assert_true(retry_next(&policy, 3, &random, &delay_us));
    assert_false(retry_next(&policy, 4, &random, &delay_us));
}

static void no_retries_means_one_attempt(void **state)
{
    const struct retry_policy policy = { .retries = 0, .base_us = 1, .max_us = 8 };
    struct random random;
    random_init_seed(&random, 1);
    uint64_t delay_us;
    assert_false(retry_next(&policy, 1, &random, &delay_us));
}

static void jitter_spreads_over_its_whole_range_and_not_beyond(void **state)
{
    const struct retry_policy policy = { .retries = 1, .base_us = 40000, .max_us = 400000, .jitter_us = 30000 };
    struct random random;
    random_init_seed(&random, 7);
    uint64_t lowest = UINT64_MAX, highest = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t delay_us;
        retry_next(&policy, 1, &random, &delay_us);
        lowest = delay_us < lowest ? delay_us : lowest;
        highest = delay_us > highest ? delay_us : highest;
    }
    assert_in_range(lowest, 40000, 40300);
    assert_in_range(highest, 69700, 70000);
}

static void a_thousandth_attempt_does_not_overflow(void **state)
{
    const struct retry_policy policy = { .base_us = 100000, .max_us = UINT64_C(30000000) };
    struct random random;
    random_init_seed(&random, 1);
    assert_int_equal(retry_delay_us(&policy, 1000, &random), 30000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schedule_doubles_up_to_its_cap),     cmocka_unit_test(after_the_last_retry_there_is_none),
        cmocka_unit_test(no_retries_means_one_attempt),           cmocka_unit_test(jitter_spreads_over_its_whole_range_and_not_beyond),
        cmocka_unit_test(a_thousandth_attempt_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
