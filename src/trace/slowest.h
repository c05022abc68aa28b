/* slowest: about the N slowest of a stream of durations, in each interval, decided as each one ends.
 *
 * Taken is what would be among the N slowest of this interval so far, and is slower than the N-th slowest of the last one. So a steady
 * stream yields about N an interval, a burst of slow ones is taken from its first on, and what slowly grows slower is bounded by
 * SLOWEST_EXCESS * N. The first interval has nothing to compare with: there the first N are taken as well.
 * O(N) where one is taken, one comparison where none is. No clock: times are arguments. */
#pragma once

#include "trace/trace_config.h"

#include <stdbool.h>
#include <stdint.h>

#define SLOWEST_INTERVAL_US 10000000
#define SLOWEST_EXCESS      4

/* Zeroed: before the first interval. */
struct slowest {
    uint64_t ends_us;                /* of this interval; clock_us */
    uint64_t bar_us;                 /* what is not slower is not taken */
    uint64_t top[TRACE_SLOWEST_MAX]; /* of this interval, the slowest first; `count` of them */
    uint32_t count;
    uint32_t taken;
};

/* Whether one that ended at `now_us` after `duration_us` is taken; `wanted` is N, 0 takes none. */
bool slowest_takes(struct slowest *slowest, uint32_t wanted, uint64_t duration_us, uint64_t now_us);
