#include "core/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_lag_is_what_lies_between_the_commit_and_the_end(void **state)
{
    assert_int_equal(lag_offsets(40, 0, 100), 60);
    assert_int_equal(lag_offsets(0, 0, 100), 100);
    assert_int_equal(lag_offsets(100, 0, 100), 0);
}

static void without_a_commit_it_begins_where_the_group_would(void **state)
{
    assert_int_equal(lag_offsets(-1, 30, 100), 70);
    assert_int_equal(lag_offsets(-1, 100, 100), 0);
}

static void it_is_never_below_zero(void **state)
{
    assert_int_equal(lag_offsets(105, 0, 100), 0); /* the commit was read after the end */
    assert_int_equal(lag_offsets(7, 0, 0), 0);     /* the topic was made anew */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lag_is_what_lies_between_the_commit_and_the_end),
        cmocka_unit_test(without_a_commit_it_begins_where_the_group_would),
        cmocka_unit_test(it_is_never_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
