/* shutdown_guard: what ends the process when the loop cannot, kept by a thread of its own: the loop may stand still, in a call into a
 * library that does not come back.
 *
 *   start --until--> the end has begun, and is bounded --end--> over
 *     \________________\___ a second signal: _exit(128 + its number) ___/
 *                       \__ the time is over: _exit(1)
 *
 * State of the process, because a signal's handler has no argument. */
#pragma once

#include <stdint.h>

void shutdown_guard_start(void);

/* Unless shutdown_guard_end is called by `until_us` (clock_us), the process leaves by _exit(1), with a line in the log. */
void shutdown_guard_until(uint64_t until_us);

/* The process leaves at once by _exit(128 + signum), with a line in the log; without one where the guard is over. Async-signal-safe. */
void shutdown_guard_second_signal(int signum);

void shutdown_guard_end(void);
