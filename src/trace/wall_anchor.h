/* wall_anchor: what the clock on the wall shows at a time of clock_us.
 *
 * Spans are measured in clock_us, which never steps, and told in wall time: both ends of a span by the same offset, so that no duration is
 * ever negative. The offset holds until the wall clock has been stepped by more than WALL_STEP_US against it, or has crept so far;
 * so spans of one process keep their order. Times are arguments. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WALL_STEP_US 1000000

struct wall_anchor {
    int64_t offset_us; /* wall time = clock_us + offset_us */
};

void wall_anchor_init(struct wall_anchor *anchor, uint64_t clock_us, int64_t wall_us);

/* Both clocks now. Returns by how much the wall clock had been stepped, when it is anchored anew for that, and 0 otherwise. */
int64_t wall_anchor_follow(struct wall_anchor *anchor, uint64_t clock_us, int64_t wall_us);
