#include "base/clock.h"
#include "base/list.h"
#include "base/random.h"
#include "work/alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 500

struct waiter {
    struct agenda_entry entry;
    bool came;
};

/* An alarm on a loop of its own, and what has come of it. */
struct watch {
    uv_loop_t loop;
    struct alarm alarm;
    struct waiter waiters[COUNT];
    size_t expected, came;
    uint64_t last_us; /* when the last one was due */
    bool setting;     /* inside alarm_set */
};

static void on_due(void *arg, struct agenda_entry *entry, uint64_t now_us)
{
    struct watch *watch = arg;
    struct waiter *waiter = list_entry(entry, struct waiter, entry);
    assert_false(watch->setting);
    assert_false(waiter->came);
    assert_true(entry->due_us <= now_us); /* never early */
    assert_true(now_us <= clock_us());
    assert_true(entry->due_us >= watch->last_us); /* in the order of their times */
    watch->last_us = entry->due_us;
    waiter->came = true;
    watch->came++;
    if (watch->came == watch->expected)
        alarm_close(&watch->alarm, NULL, NULL);
}

static void start(struct watch *watch, size_t expected)
{
    *watch = (struct watch){ .expected = expected };
    assert_int_equal(uv_loop_init(&watch->loop), 0);
    alarm_init(&watch->alarm, &watch->loop, on_due, watch);
}

static void set(struct watch *watch, size_t which, uint64_t due_us)
{
    watch->setting = true;
    alarm_set(&watch->alarm, &watch->waiters[which].entry, due_us);
    watch->setting = false;
}

/* Ends when all that is expected has come. */
static void run(struct watch *watch)
{
    uv_run(&watch->loop, UV_RUN_DEFAULT);
    assert_int_equal(watch->came, watch->expected);
    assert_int_equal(uv_loop_close(&watch->loop), 0);
}

static void everything_comes_in_order_and_nothing_early(void **state)
{
    static struct watch watch;
    struct random random;
    random_init_seed(&random, 17);
    start(&watch, COUNT);
    uint64_t now_us = clock_us();
    for (size_t i = 0; i < COUNT; i++)
        set(&watch, i, now_us + (uint64_t)random_between(&random, 0, 20000));
    for (size_t i = 0; i < COUNT; i += 3) /* moved: to earlier and to later */
        set(&watch, i, now_us + (uint64_t)random_between(&random, 0, 20000));
    run(&watch);
}

static void a_time_that_is_over_comes_at_the_next_turn(void **state)
{
    static struct watch watch;
    start(&watch, 2);
    set(&watch, 0, 0);
    set(&watch, 1, 1);
    assert_int_equal(watch.came, 0);
    run(&watch);
}

static void what_is_due_soon_does_not_wait_for_what_was_set_before(void **state)
{
    static struct watch watch;
    start(&watch, 1);
    set(&watch, 0, clock_us() + 3600 * UINT64_C(1000000));
    set(&watch, 1, clock_us() + 500);
    run(&watch);
    assert_true(watch.waiters[1].came);
}

static void count_turn(uv_check_t *check)
{
    ++*(int *)check->data;
}

static void of_many_that_are_due_at_once_some_come_in_each_turn(void **state)
{
    static struct watch watch;
    int turns = 0;
    uv_check_t check;
    start(&watch, COUNT);
    uv_check_init(&watch.loop, &check);
    check.data = &turns;
    uv_check_start(&check, count_turn);
    for (size_t i = 0; i < COUNT; i++)
        set(&watch, i, 0);
    while (watch.came < COUNT)
        uv_run(&watch.loop, UV_RUN_NOWAIT);
    assert_int_equal(turns, (COUNT + ALARM_DUE_A_TURN - 1) / ALARM_DUE_A_TURN);
    uv_close((uv_handle_t *)&check, NULL);
    run(&watch);
}

static void what_is_unset_does_not_come(void **state)
{
    static struct watch watch;
    start(&watch, 1);
    set(&watch, 0, clock_us() + 300);
    set(&watch, 1, clock_us() + 1000);
    alarm_unset(&watch.alarm, &watch.waiters[0].entry);
    alarm_unset(&watch.alarm, &watch.waiters[0].entry);
    run(&watch);
    assert_false(watch.waiters[0].came);
}

static void on_due_again(void *arg, struct agenda_entry *entry, uint64_t now_us)
{
    struct watch *watch = arg;
    assert_true(entry->due_us <= now_us);
    if (++watch->came < watch->expected)
        alarm_set(&watch->alarm, entry, now_us + 100);
    else
        alarm_close(&watch->alarm, NULL, NULL);
}

static void an_entry_may_set_itself_again(void **state)
{
    static struct watch watch;
    start(&watch, 20);
    watch.alarm.on_due = on_due_again;
    set(&watch, 0, clock_us());
    run(&watch);
}

static void set_the_last(uv_timer_t *timer)
{
    struct watch *watch = timer->data;
    set(watch, 2, clock_us());
    uv_close((uv_handle_t *)timer, NULL);
}

/* Each of the four things that happen takes a turn, and one to be closed; a timer that was not taken back would take thousands. */
static void between_what_is_due_the_loop_sleeps(void **state)
{
    static struct watch watch;
    int turns = 0;
    uv_check_t check;
    uv_timer_t timer;
    start(&watch, 3);
    uv_check_init(&watch.loop, &check);
    check.data = &turns;
    uv_check_start(&check, count_turn);
    uv_unref((uv_handle_t *)&check);
    uv_timer_init(&watch.loop, &timer);
    timer.data = &watch;
    uv_timer_start(&timer, set_the_last, 40, 0);

    set(&watch, 0, clock_us());
    set(&watch, 1, clock_us() + 20000);
    while (watch.came < 3)
        uv_run(&watch.loop, UV_RUN_ONCE);
    assert_in_range(turns, 1, 8);
    uv_close((uv_handle_t *)&check, NULL);
    run(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_in_order_and_nothing_early),
        cmocka_unit_test(a_time_that_is_over_comes_at_the_next_turn),
        cmocka_unit_test(what_is_due_soon_does_not_wait_for_what_was_set_before),
        cmocka_unit_test(of_many_that_are_due_at_once_some_come_in_each_turn),
        cmocka_unit_test(what_is_unset_does_not_come),
        cmocka_unit_test(an_entry_may_set_itself_again),
        cmocka_unit_test(between_what_is_due_the_loop_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
