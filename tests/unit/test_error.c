#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void setting_an_error_returns_its_code(void **state)
{
    struct error err;
    assert_int_equal(error_set(&err, E_LIMITED, "over %d/s", 50), E_LIMITED);
    assert_int_equal(err.code, E_LIMITED);
    assert_string_equal(err.message, "over 50/s");
}

static void each_layer_puts_what_it_knows_in_front(void **state)
{
    struct error err;
    error_set(&err, E_UNAVAILABLE, "broker 1 is away");
    assert_int_equal(error_wrap(&err, "topic %s", "jobs"), E_UNAVAILABLE);
    assert_int_equal(error_wrap(&err, "stream %s", "worker"), E_UNAVAILABLE);
    assert_string_equal(err.message, "stream worker: topic jobs: broker 1 is away");
}

static void a_sentence_too_long_ends_in_dots(void **state)
{
    char big[2 * ERROR_MESSAGE_SIZE];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';

    struct error err;
    error_set(&err, E_INVALID, "%s", big);
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 1);
    assert_string_equal(err.message + ERROR_MESSAGE_SIZE - 4, "...");

    error_set(&err, E_INVALID, "%.*s", ERROR_MESSAGE_SIZE - 1, big);
    error_wrap(&err, "here");
    assert_memory_equal(err.message, "here: xxx", 9);
    assert_string_equal(err.message + ERROR_MESSAGE_SIZE - 4, "...");
}

static void a_sentence_that_just_fits_is_not_cut(void **state)
{
    char exact[ERROR_MESSAGE_SIZE];
    memset(exact, 'x', sizeof(exact) - 1);
    exact[sizeof(exact) - 1] = '\0';

    struct error err;
    error_set(&err, E_INVALID, "%s", exact);
    assert_string_equal(err.message, exact);
}

static void a_caller_that_wants_only_the_code_passes_no_error(void **state)
{
    assert_int_equal(error_set(NULL, E_IO, "nobody reads this"), E_IO);
    assert_int_equal(error_wrap(NULL, "nor this"), E_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_returns_its_code),
        cmocka_unit_test(each_layer_puts_what_it_knows_in_front),
        cmocka_unit_test(a_sentence_too_long_ends_in_dots),
        cmocka_unit_test(a_sentence_that_just_fits_is_not_cut),
        cmocka_unit_test(a_caller_that_wants_only_the_code_passes_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
