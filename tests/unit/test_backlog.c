#include "base/random.h"
#include "io/kafka/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void records_count_until_their_chunk_is_done(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };
    for (int i = 0; i < 128; i++)
        backlog_add(&backlog, i, 10);
    assert_int_equal(backlog.records, 128);
    assert_int_equal(backlog.bytes, 1280);
    backlog_done(&backlog, 63);
    assert_int_equal(backlog.records, 128);
    backlog_done(&backlog, 64);
    assert_int_equal(backlog.records, 64);
    backlog_done(&backlog, 128);
    assert_int_equal(backlog.bytes, 0);
    backlog_free(&backlog);
}

static void a_record_done_before_its_report_does_not_count(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };
    backlog_done(&backlog, 5);
    backlog_add(&backlog, 4, 10);
    assert_int_equal(backlog.records, 0);
    backlog_add(&backlog, 5, 10);
    assert_int_equal(backlog.records, 1);
    backlog_free(&backlog);
}

static void a_record_of_unknown_place_counts_until_all_before_it_is_done(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };
    backlog_add(&backlog, 0, 10);
    backlog_add(&backlog, -1, 10);
    backlog_done(&backlog, 1);
    assert_int_equal(backlog.bytes, 20);
    backlog_done(&backlog, 2);
    assert_int_equal(backlog.bytes, 0);
    backlog_free(&backlog);
}

static void what_is_unfinished_is_counted_exactly(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };
    assert_int_equal(backlog_unfinished(&backlog), 0);
    for (int i = 0; i < 100; i++)
        backlog_add(&backlog, i, 10);
    backlog_done(&backlog, 63);
    assert_int_equal(backlog_unfinished(&backlog), 37);
    backlog_done(&backlog, 100);
    assert_int_equal(backlog_unfinished(&backlog), 0);
    backlog_done(&backlog, 102); /* work runs ahead of reports */
    assert_int_equal(backlog_unfinished(&backlog), 0);
    backlog_free(&backlog);
}

/* Never lower than the truth, and at most one chunk higher. */
static void the_count_is_never_too_low(void **state)
{
    (void)state;
    struct random random;
    random_init_seed(&random, 42);
    struct backlog backlog = { 0 };
    int64_t next = 0, done = 0;
    for (int i = 0; i < 200000; i++) {
        if (random_unit(&random) < 0.6)
            backlog_add(&backlog, next++, 3);
        else
            backlog_done(&backlog, done = random_between(&random, done, next < done + 300 ? next : done + 300));
        uint64_t truth = (uint64_t)(next - done);
        assert_true(backlog.records >= truth);
        assert_true(backlog.records < truth + 64);
        assert_int_equal(backlog.bytes, backlog.records * 3);
    }
    assert_true(backlog.capacity < 4096);
    backlog_free(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_count_until_their_chunk_is_done),
        cmocka_unit_test(a_record_done_before_its_report_does_not_count),
        cmocka_unit_test(a_record_of_unknown_place_counts_until_all_before_it_is_done),
        cmocka_unit_test(what_is_unfinished_is_counted_exactly),
        cmocka_unit_test(the_count_is_never_too_low),
    };
    return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
