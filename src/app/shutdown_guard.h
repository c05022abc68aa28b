/* shutdown_guard: the last bound of a shutdown, kept by a thread of its own. The loop's timers end what is slow; this ends the process
 * when the loop itself stands still, in a call into a library that does not come back (librdkafka waits without a bound for the
 * group's thread to take partitions back, and that thread may just have ended). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct shutdown_guard {
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    uint64_t until_us; /* clock_us */
    bool over;
};

/* Unless shutdown_guard_end is called by `until_us` (clock_us), the process leaves by _exit(1), with a line in the log. */
void shutdown_guard_begin(struct shutdown_guard *guard, uint64_t until_us);
void shutdown_guard_end(struct shutdown_guard *guard);
