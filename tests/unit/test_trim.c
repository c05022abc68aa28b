#include "base/clock.h"
#include "work/work_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND_US UINT64_C(1000000)
#define MANY      100000 /* records: what they leave behind is worth giving back */

/* A work of which only the trimming lives. Its alarm never rings: the test asks for each look itself. */
struct bench {
    uv_loop_t loop;
    struct work work;
    uint64_t now_us;
};

static void on_due(void *arg, struct agenda_entry *entry, uint64_t now_us)
{
    (void)arg, (void)entry, (void)now_us;
    fail();
}

static void given(struct bench *bench)
{
    *bench = (struct bench){ .now_us = clock_us() };
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    alarm_init(&bench->work.alarm, &bench->loop, on_due, NULL);
    trim_init(&bench->work);
}

static void when_records_come(struct bench *bench, uint64_t count)
{
    bench->work.counts.taken += count;
    trim_later(&bench->work);
}

static bool is_looking(const struct bench *bench)
{
    return agenda_has(&bench->work.trim_due.entry);
}

/* Lets the time pass until the next look. */
static void when_it_looks(struct bench *bench)
{
    struct due *due = &bench->work.trim_due;
    assert_true(is_looking(bench));
    bench->now_us = due->entry.due_us;
    alarm_unset(&bench->work.alarm, &due->entry);
    due->on_due(due, bench->now_us);
}

static bool is_given_back(const struct bench *bench)
{
    return bench->work.taken_at_trim == bench->work.counts.taken;
}

static void then_it_ends(struct bench *bench)
{
    alarm_close(&bench->work.alarm, NULL, NULL);
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
}

static void memory_is_given_back_when_nothing_has_come_for_five_seconds(void **state)
{
    struct bench bench;
    given(&bench);
    uint64_t begin_us = clock_us();
    when_records_come(&bench, MANY);
    when_it_looks(&bench);
    assert_in_range(bench.now_us - begin_us, 5 * SECOND_US, 6 * SECOND_US);
    assert_false(is_given_back(&bench)); /* they have come since the look before */
    begin_us = bench.now_us;
    when_it_looks(&bench);
    assert_int_equal(bench.now_us - begin_us, 5 * SECOND_US);
    assert_true(is_given_back(&bench));
    assert_false(is_looking(&bench)); /* until records come again */
    then_it_ends(&bench);
}

static void as_long_as_records_come_nothing_is_given_back(void **state)
{
    struct bench bench;
    given(&bench);
    for (int i = 0; i < 10; i++) {
        when_records_come(&bench, MANY);
        when_it_looks(&bench);
        assert_false(is_given_back(&bench));
    }
    when_it_looks(&bench);
    assert_true(is_given_back(&bench));
    then_it_ends(&bench);
}

static void what_is_still_held_is_waited_for(void **state)
{
    struct bench bench;
    given(&bench);
    when_records_come(&bench, MANY);
    bench.work.records.used = 1;
    for (int i = 0; i < 10; i++)
        when_it_looks(&bench);
    assert_false(is_given_back(&bench));
    bench.work.records.used = 0;
    when_it_looks(&bench);
    assert_true(is_given_back(&bench));
    then_it_ends(&bench);
}

static void a_few_records_are_not_worth_it_but_they_add_up(void **state)
{
    struct bench bench;
    given(&bench);
    when_records_come(&bench, 9999);
    when_it_looks(&bench);
    when_it_looks(&bench);
    assert_false(is_given_back(&bench));
    assert_false(is_looking(&bench));
    when_records_come(&bench, 1);
    when_it_looks(&bench);
    when_it_looks(&bench);
    assert_true(is_given_back(&bench));
    then_it_ends(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_given_back_when_nothing_has_come_for_five_seconds),
        cmocka_unit_test(as_long_as_records_come_nothing_is_given_back),
        cmocka_unit_test(what_is_still_held_is_waited_for),
        cmocka_unit_test(a_few_records_are_not_worth_it_but_they_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
