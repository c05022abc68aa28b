#include "base/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void count(void *arg)
{
    ++*(int *)arg;
}

static void a_gate_opens_when_the_last_one_has_left(void **state)
{
    struct gate gate;
    int closed = 0;
    gate_init(&gate);
    gate_enter(&gate);
    gate_enter(&gate);
    gate_close(&gate, count, &closed);
    assert_int_equal(closed, 0);
    gate_leave(&gate);
    assert_int_equal(closed, 0);
    gate_leave(&gate);
    assert_int_equal(closed, 1);
}

static void a_gate_that_is_not_closing_may_be_empty(void **state)
{
    struct gate gate;
    int closed = 0;
    gate_init(&gate);
    gate_enter(&gate);
    gate_leave(&gate);
    assert_int_equal(closed, 0);
    gate_close(&gate, count, &closed);
    assert_int_equal(closed, 1);
}

static int start_loop(void **state)
{
    static uv_loop_t loop;
    *state = &loop;
    return uv_loop_init(&loop);
}

/* Every test on a loop ends with an empty one. */
static int end_loop(void **state)
{
    return uv_loop_close(*state);
}

struct woken {
    struct wakeup wakeup;
    int calls;
    int closed;
};

static void on_wakeup(void *arg)
{
    struct woken *woken = arg;
    woken->calls++;
}

static void close_at_first_wakeup(void *arg)
{
    struct woken *woken = arg;
    woken->calls++;
    wakeup_close(&woken->wakeup, count, &woken->closed);
}

static void many_signals_before_the_loop_turns_are_one_call(void **state)
{
    struct woken woken = { .calls = 0 };
    assert_int_equal(wakeup_init(&woken.wakeup, *state, on_wakeup, &woken), 0);
    for (int i = 0; i < 1000; i++)
        wakeup_signal(&woken.wakeup);
    assert_int_equal(woken.calls, 0);
    uv_run(*state, UV_RUN_NOWAIT);
    assert_int_equal(woken.calls, 1);
    uv_run(*state, UV_RUN_NOWAIT);
    assert_int_equal(woken.calls, 1);

    wakeup_signal(&woken.wakeup);
    uv_run(*state, UV_RUN_NOWAIT);
    assert_int_equal(woken.calls, 2);

    wakeup_close(&woken.wakeup, count, &woken.closed);
    assert_int_equal(woken.closed, 0);
    uv_run(*state, UV_RUN_DEFAULT);
    assert_int_equal(woken.closed, 1);
}

static void *signal_from_outside(void *arg)
{
    struct woken *woken = arg;
    usleep(20000);
    wakeup_signal(&woken->wakeup);
    return NULL;
}

static void another_thread_wakes_a_sleeping_loop(void **state)
{
    struct woken woken = { .calls = 0 };
    assert_int_equal(wakeup_init(&woken.wakeup, *state, close_at_first_wakeup, &woken), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, signal_from_outside, &woken), 0);
    uv_run(*state, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    assert_int_equal(woken.calls, 1);
    assert_int_equal(woken.closed, 1);
}

/* librdkafka writes to the descriptor itself, eight bytes of its own choice. */
static void a_foreign_write_to_the_descriptor_wakes_too(void **state)
{
    struct woken woken = { .calls = 0 };
    assert_int_equal(wakeup_init(&woken.wakeup, *state, close_at_first_wakeup, &woken), 0);
    uint64_t payload = 42;
    assert_int_equal(write(woken.wakeup.fd, &payload, sizeof(payload)), sizeof(payload));
    uv_run(*state, UV_RUN_DEFAULT);
    assert_int_equal(woken.calls, 1);
}

static void closing_with_a_signal_under_way_calls_no_more(void **state)
{
    struct woken woken = { .calls = 0 };
    assert_int_equal(wakeup_init(&woken.wakeup, *state, on_wakeup, &woken), 0);
    wakeup_signal(&woken.wakeup);
    wakeup_close(&woken.wakeup, NULL, NULL);
    uv_run(*state, UV_RUN_DEFAULT);
    assert_int_equal(woken.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_opens_when_the_last_one_has_left),
        cmocka_unit_test(a_gate_that_is_not_closing_may_be_empty),
        cmocka_unit_test_setup_teardown(many_signals_before_the_loop_turns_are_one_call, start_loop, end_loop),
        cmocka_unit_test_setup_teardown(another_thread_wakes_a_sleeping_loop, start_loop, end_loop),
        cmocka_unit_test_setup_teardown(a_foreign_write_to_the_descriptor_wakes_too, start_loop, end_loop),
        cmocka_unit_test_setup_teardown(closing_with_a_signal_under_way_calls_no_more, start_loop, end_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
