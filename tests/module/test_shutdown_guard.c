/* What ends a process whose loop stands still at its end. */
#include "app/shutdown_guard.h"
#include "app/shutdown_signals.h"
#include "base/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

/* The exit status of a process that lives so; 0 when it returns. */
static int status_of(void (*live)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(30); /* a guard that does not guard */
        shutdown_guard_start();
        live();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static _Noreturn void stand_still(void)
{
    for (;;)
        pause();
}

/* --- time --- */

static void stand_still_longer_than_allowed(void)
{
    shutdown_guard_until(clock_us() + 50000);
    stand_still();
}

static void a_loop_that_stands_still_is_left_with_1(void **state)
{
    (void)state;
    assert_int_equal(status_of(stand_still_longer_than_allowed), 1);
}

static void end_in_time(void)
{
    shutdown_guard_until(clock_us() + 20000000);
    shutdown_guard_end();
}

static void an_end_in_time_is_not_disturbed(void **state)
{
    (void)state;
    assert_int_equal(status_of(end_in_time), 0);
}

/* --- signals --- */

static uv_loop_t loop;
static int told; /* the signal that the loop was told of */

static void watch_signals(shutdown_signal_cb on_first)
{
    uv_loop_init(&loop);
    shutdown_signals_watch(&loop, on_first, NULL);
}

static void stand_still_and_be_told_again(void *arg, int signum)
{
    (void)arg;
    (void)signum;
    raise(SIGINT);
    stand_still();
}

static void be_told_again_while_the_first_is_handled(void)
{
    watch_signals(stand_still_and_be_told_again);
    raise(SIGTERM);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void a_second_signal_ends_a_loop_that_stands_still(void **state)
{
    (void)state;
    assert_int_equal(status_of(be_told_again_while_the_first_is_handled), 128 + SIGINT);
}

static void note(void *arg, int signum)
{
    (void)arg;
    told = signum;
    shutdown_guard_end();
    shutdown_signals_close();
}

static void be_told_twice_before_the_loop_turns(void)
{
    watch_signals(note);
    raise(SIGTERM);
    raise(SIGTERM);
    stand_still();
}

static void a_second_signal_does_not_wait_until_the_loop_has_heard_of_the_first(void **state)
{
    (void)state;
    assert_int_equal(status_of(be_told_twice_before_the_loop_turns), 128 + SIGTERM);
}

static void be_told_once(void)
{
    watch_signals(note);
    raise(SIGTERM);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (told != SIGTERM || uv_loop_close(&loop) != 0)
        _exit(2);
}

static void a_first_signal_is_told_on_the_loop(void **state)
{
    (void)state;
    assert_int_equal(status_of(be_told_once), 0);
}

static void be_told_again_when_all_is_over(void)
{
    be_told_once();
    raise(SIGINT);
}

static void a_second_signal_ends_a_process_that_is_about_to_end(void **state)
{
    (void)state;
    assert_int_equal(status_of(be_told_again_when_all_is_over), 128 + SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_stands_still_is_left_with_1),
        cmocka_unit_test(an_end_in_time_is_not_disturbed),
        cmocka_unit_test(a_second_signal_ends_a_loop_that_stands_still),
        cmocka_unit_test(a_second_signal_does_not_wait_until_the_loop_has_heard_of_the_first),
        cmocka_unit_test(a_first_signal_is_told_on_the_loop),
        cmocka_unit_test(a_second_signal_ends_a_process_that_is_about_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
