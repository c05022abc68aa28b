#include "trace/wall_anchor.h"

void wall_anchor_init(struct wall_anchor *anchor, uint64_t clock_us, int64_t wall_us)
{
    anchor->offset_us = wall_us - (int64_t)clock_us;
}

int64_t wall_anchor_follow(struct wall_anchor *anchor, uint64_t clock_us, int64_t wall_us)
{
    int64_t step = wall_us - (int64_t)clock_us - anchor->offset_us;
    if (step <= WALL_STEP_US && step >= -WALL_STEP_US)
        return 0;
    anchor->offset_us += step;
    return step;
}
