#include "app/shutdown_guard.h"

#include "base/clock.h"
#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#define NEVER UINT64_MAX

static struct {
    uv_thread_t thread;
    int fd; /* an eventfd: something below has changed */
    atomic_uint_least64_t until_us;
    atomic_int signum; /* the second signal; 0: none yet */
    atomic_bool over;
} guard = { .over = true };

static void wake(void)
{
    uint64_t one = 1;
    (void)!write(guard.fd, &one, sizeof(one)); /* async-signal-safe (signal-safety(7)), as atomics without a lock are */
}

static _Noreturn void leave(int status)
{
    log_stop(LOG_FAREWELL_US);
    _exit(status);
}

static int left_ms(uint64_t until_us, uint64_t now_us)
{
    uint64_t ms = (until_us - now_us + 999) / 1000;
    return until_us == NEVER || ms > INT_MAX ? -1 : (int)ms;
}

static void wait_for_change(int timeout_ms)
{
    uint64_t count;
    if (poll(&(struct pollfd){ .fd = guard.fd, .events = POLLIN }, 1, timeout_ms) > 0)
        (void)!read(guard.fd, &count, sizeof(count));
}

static void watch(void *arg)
{
    (void)arg;
    while (!atomic_load(&guard.over)) {
        uint64_t until_us = atomic_load(&guard.until_us);
        uint64_t now_us = clock_us();
        int signum = atomic_load(&guard.signum);
        if (signum != 0) {
            log_warn("shutdown", "a second signal: leaving at once; what still ran is not committed");
            leave(128 + signum);
        }
        if (now_us >= until_us) {
            log_error("shutdown", "the loop stands still: leaving without it; what was not committed is done again");
            leave(1);
        }
        wait_for_change(left_ms(until_us, now_us));
    }
}

void shutdown_guard_start(void)
{
    guard.fd = eventfd(0, EFD_CLOEXEC);
    if (guard.fd < 0) {
        perror("no descriptor for the guard of the shutdown can be had");
        abort();
    }
    atomic_store(&guard.until_us, NEVER);
    atomic_store(&guard.over, false);
    uv_thread_create(&guard.thread, watch, NULL);
}

void shutdown_guard_until(uint64_t until_us)
{
    atomic_store(&guard.until_us, until_us);
    wake();
}

void shutdown_guard_second_signal(int signum)
{
    if (atomic_load(&guard.over))
        _exit(128 + signum);
    atomic_store(&guard.signum, signum);
    wake();
}

void shutdown_guard_end(void)
{
    atomic_store(&guard.over, true);
    wake();
    uv_thread_join(&guard.thread);
    close(guard.fd);
}
