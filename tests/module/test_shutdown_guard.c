/* What ends a process whose loop stands still at its end. */
#include "app/shutdown_guard.h"
#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int status_of(void (*end)(struct shutdown_guard *guard), uint64_t guarded_us)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct shutdown_guard guard;
        alarm(30); /* a guard that does not guard */
        shutdown_guard_begin(&guard, clock_us() + guarded_us);
        end(&guard);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void stand_still(struct shutdown_guard *guard)
{
    (void)guard;
    for (;;)
        pause();
}

static void a_loop_that_stands_still_is_left_with_1(void **state)
{
    (void)state;
    assert_int_equal(status_of(stand_still, 50000), 1);
}

static void an_end_in_time_is_not_disturbed(void **state)
{
    (void)state;
    assert_int_equal(status_of(shutdown_guard_end, 20000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_stands_still_is_left_with_1),
        cmocka_unit_test(an_end_in_time_is_not_disturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
