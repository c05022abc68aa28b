#include "core/scheduler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Two streams of two partitions each, with `each` ready records a partition. */
struct bench {
    struct scheduler scheduler;
    struct schedule_stream streams[2];
    struct schedule_source sources[2][2];
    struct schedule_entry entries[2][2][8];
};

static void given(struct bench *bench, size_t slots, size_t each)
{
    scheduler_init(&bench->scheduler, slots);
    for (size_t s = 0; s < 2; s++) {
        schedule_stream_init(&bench->streams[s], &bench->scheduler);
        for (size_t p = 0; p < 2; p++) {
            schedule_source_init(&bench->sources[s][p], &bench->streams[s]);
            for (size_t i = 0; i < each; i++)
                schedule_add(&bench->sources[s][p], &bench->entries[s][p][i]);
        }
    }
}

static void streams_take_turns_and_partitions_within_them(void **state)
{
    struct bench bench;
    given(&bench, 8, 2);
    struct schedule_entry *expected[] = {
        &bench.entries[0][0][0], &bench.entries[1][0][0], &bench.entries[0][1][0], &bench.entries[1][1][0],
        &bench.entries[0][0][1], &bench.entries[1][0][1], &bench.entries[0][1][1], &bench.entries[1][1][1],
    };
    for (size_t i = 0; i < 8; i++)
        assert_ptr_equal(schedule_next(&bench.scheduler), expected[i]);
    assert_null(schedule_next(&bench.scheduler));
}

static void no_more_run_than_there_are_slots(void **state)
{
    struct bench bench;
    given(&bench, 3, 2);
    for (int i = 0; i < 3; i++)
        assert_non_null(schedule_next(&bench.scheduler));
    assert_null(schedule_next(&bench.scheduler));
    schedule_release(&bench.scheduler);
    assert_non_null(schedule_next(&bench.scheduler));
}

static void a_full_partition_does_not_keep_an_almost_empty_one_waiting(void **state)
{
    struct bench bench;
    given(&bench, 100, 0);
    for (size_t i = 0; i < 8; i++)
        schedule_add(&bench.sources[0][0], &bench.entries[0][0][i]);
    schedule_add(&bench.sources[0][1], &bench.entries[0][1][0]);
    schedule_next(&bench.scheduler);
    assert_ptr_equal(schedule_next(&bench.scheduler), &bench.entries[0][1][0]);
}

static void what_is_held_keeps_its_place_and_is_not_chosen(void **state)
{
    struct bench bench;
    given(&bench, 100, 1);
    schedule_hold_stream(&bench.streams[0]);
    schedule_hold_source(&bench.sources[1][0]);
    assert_ptr_equal(schedule_next(&bench.scheduler), &bench.entries[1][1][0]);
    assert_null(schedule_next(&bench.scheduler));
    schedule_let_go_stream(&bench.streams[0]);
    assert_ptr_equal(schedule_next(&bench.scheduler), &bench.entries[0][0][0]);
}

static void what_is_taken_out_of_line_is_not_chosen(void **state)
{
    struct bench bench;
    given(&bench, 100, 1);
    schedule_remove(&bench.entries[0][0][0]);
    schedule_remove(&bench.entries[1][0][0]);
    schedule_remove(&bench.entries[1][1][0]);
    assert_ptr_equal(schedule_next(&bench.scheduler), &bench.entries[0][1][0]);
    assert_false(schedule_has_next(&bench.scheduler));
}

static void a_lowered_limit_starts_nothing_until_enough_have_ended(void **state)
{
    struct bench bench;
    given(&bench, 4, 2);
    for (int i = 0; i < 4; i++)
        schedule_next(&bench.scheduler);
    bench.scheduler.limit = 2;
    schedule_release(&bench.scheduler);
    schedule_release(&bench.scheduler);
    assert_null(schedule_next(&bench.scheduler));
    schedule_release(&bench.scheduler);
    assert_non_null(schedule_next(&bench.scheduler));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_take_turns_and_partitions_within_them),
        cmocka_unit_test(no_more_run_than_there_are_slots),
        cmocka_unit_test(a_full_partition_does_not_keep_an_almost_empty_one_waiting),
        cmocka_unit_test(what_is_held_keeps_its_place_and_is_not_chosen),
        cmocka_unit_test(what_is_taken_out_of_line_is_not_chosen),
        cmocka_unit_test(a_lowered_limit_starts_nothing_until_enough_have_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
