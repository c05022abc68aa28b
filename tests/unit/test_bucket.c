#include "base/random.h"
#include "core/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000)

static void a_new_bucket_gives_its_burst_at_once(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 50, 120, SECOND);
    assert_int_equal(bucket_take(&bucket, 120, SECOND), 0);
    assert_int_not_equal(bucket_take(&bucket, 1, SECOND), 0);
}

static void the_wait_is_the_deficit_by_the_rate(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 50, 120, 0);
    bucket_take(&bucket, 120, 0);
    assert_int_equal(bucket_take(&bucket, 1, 0), 20000);
    assert_int_equal(bucket_take(&bucket, 100, 0), 2 * SECOND);
    assert_int_equal(bucket_take(&bucket, 1, 15000), 5000);
}

static void tokens_come_one_by_one_not_in_a_lump_a_second(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 50, 120, 0);
    bucket_take(&bucket, 120, 0);
    for (uint64_t now = 20000; now <= 2 * SECOND; now += 20000) {
        assert_int_equal(bucket_take(&bucket, 1, now), 0);
        assert_int_not_equal(bucket_take(&bucket, 1, now), 0);
    }
}

static void a_refused_take_takes_nothing(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 1, 10, 0);
    bucket_take(&bucket, 5, 0);
    assert_int_not_equal(bucket_take(&bucket, 6, 0), 0);
    assert_int_equal(bucket_take(&bucket, 5, 0), 0);
}

static void a_month_of_rest_fills_it_to_the_burst_and_no_more(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, BUCKET_RATE_MAX, (uint64_t)BUCKET_BURST_MAX, 0);
    bucket_take(&bucket, (uint64_t)BUCKET_BURST_MAX, 0);
    uint64_t month = 30 * 86400 * SECOND;
    assert_true(bucket_tokens(&bucket, month) == BUCKET_BURST_MAX);
    assert_int_equal(bucket_take(&bucket, (uint64_t)BUCKET_BURST_MAX, month), 0);
    assert_int_not_equal(bucket_take(&bucket, 1, month), 0);
}

static void a_little_longer_than_filling_takes_fills_it_no_more_than_full(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 50, 120, 0);
    bucket_take(&bucket, 120, 0);
    assert_true(bucket_tokens(&bucket, 2 * SECOND) == 100);
    assert_true(bucket_tokens(&bucket, 3 * SECOND) == 120);
}

static void time_that_goes_back_neither_gives_nor_takes(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 10, 10, 100 * SECOND);
    bucket_take(&bucket, 10, 100 * SECOND);

    assert_int_equal(bucket_wait(&bucket, 1, 40 * SECOND), 60 * SECOND + 100000);
    assert_int_equal(bucket_wait(&bucket, 1, 100 * SECOND), 100000);
    assert_int_equal(bucket_take(&bucket, 1, 100 * SECOND + 100000), 0);
}

static void what_is_given_back_can_be_taken_up_to_the_burst(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 1, 10, 0);
    bucket_take(&bucket, 8, 0);
    bucket_give(&bucket, 3, 0);
    assert_true(bucket_tokens(&bucket, 0) == 5);
    bucket_give(&bucket, 1000000, 0);
    assert_true(bucket_tokens(&bucket, 0) == 10);
}

static void a_change_keeps_what_is_in_it_up_to_the_new_burst(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 1, 100, 0);
    bucket_take(&bucket, 50, 0);
    bucket_change(&bucket, 2, 80, 0);
    assert_true(bucket_tokens(&bucket, 0) == 50);
    assert_true(bucket_tokens(&bucket, 10 * SECOND) == 70);
    bucket_change(&bucket, 2, 20, 10 * SECOND);
    assert_true(bucket_tokens(&bucket, 10 * SECOND) == 20);
}

static void a_set_bucket_holds_what_was_said(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 50, 120, 0);
    bucket_set(&bucket, 1500000, 0);
    assert_true(bucket_tokens(&bucket, 0) == 1.5);
    assert_int_equal(bucket_wait(&bucket, 2, 0), 10000);
    bucket_set(&bucket, UINT64_MAX, 0);
    assert_true(bucket_tokens(&bucket, 0) == 120);
}

struct schedule {
    struct random random;
    struct bucket bucket;
    double rate;
    uint64_t burst;
    uint64_t now, latest, admitted;
};

/* One request at a random time: mostly forwards, now and then back. */
static void step(struct schedule *s)
{
    int64_t move = random_between(&s->random, 0, 20) == 0 ? -random_between(&s->random, 0, 50000) : random_between(&s->random, 0, 3000);
    s->now = move < 0 && (uint64_t)-move > s->now ? 0 : s->now + (uint64_t)move;
    if (s->now > s->latest)
        s->latest = s->now;

    uint64_t n = (uint64_t)random_between(&s->random, 1, (int64_t)(s->burst < 20 ? s->burst : 20));
    uint64_t wait_us = bucket_take(&s->bucket, n, s->now);
    if (wait_us == 0) {
        s->admitted += n;
        return;
    }
    struct bucket later = s->bucket;
    assert_int_equal(bucket_take(&later, n, s->now + wait_us), 0);
}

static void over_any_schedule_it_gives_at_most_burst_and_rate_by_time(void **state)
{
    static const double rates[] = { 0.001, 0.7, 50, 333.333, 100000, 1e9 };
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct schedule s = { .rate = rates[i], .now = 10 * SECOND, .latest = 10 * SECOND };
        random_init_seed(&s.random, seed + i);
        s.burst = (uint64_t)random_between(&s.random, 1, 1000);
        bucket_init(&s.bucket, s.rate, s.burst, s.now);
        for (int j = 0; j < 20000; j++) {
            step(&s);
            double most = (double)s.burst + s.rate * (double)(s.latest - 10 * SECOND) / (double)SECOND;
            assert_true((double)s.admitted <= most * (1 + 1e-12));
        }
    }
}

static void the_wait_is_never_longer_than_needed(void **state)
{
    struct random random;
    random_init_seed(&random, 7);
    for (int i = 0; i < 2000; i++) {
        struct bucket bucket;
        bucket_init(&bucket, 0.01 + random_unit(&random) * 10000, 50, 0);
        bucket_take(&bucket, 50, 0);
        uint64_t n = (uint64_t)random_between(&random, 1, 50);
        uint64_t wait_us = bucket_wait(&bucket, n, 0);
        assert_int_not_equal(bucket_wait(&bucket, n, wait_us - 1), 0);
        assert_int_equal(bucket_take(&bucket, n, wait_us), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_bucket_gives_its_burst_at_once),
        cmocka_unit_test(the_wait_is_the_deficit_by_the_rate),
        cmocka_unit_test(tokens_come_one_by_one_not_in_a_lump_a_second),
        cmocka_unit_test(a_refused_take_takes_nothing),
        cmocka_unit_test(a_month_of_rest_fills_it_to_the_burst_and_no_more),
        cmocka_unit_test(a_little_longer_than_filling_takes_fills_it_no_more_than_full),
        cmocka_unit_test(time_that_goes_back_neither_gives_nor_takes),
        cmocka_unit_test(what_is_given_back_can_be_taken_up_to_the_burst),
        cmocka_unit_test(a_change_keeps_what_is_in_it_up_to_the_new_burst),
        cmocka_unit_test(a_set_bucket_holds_what_was_said),
        cmocka_unit_test(over_any_schedule_it_gives_at_most_burst_and_rate_by_time),
        cmocka_unit_test(the_wait_is_never_longer_than_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
