#include "trace/slowest.h"

static void next_interval(struct slowest *slowest, uint32_t wanted, uint64_t now_us)
{
    bool is_the_next = now_us < slowest->ends_us + SLOWEST_INTERVAL_US;
    bool was_full = slowest->count == wanted; /* an interval of fewer takes all of them: they are the slowest */
    *slowest = (struct slowest){
        .ends_us = now_us + SLOWEST_INTERVAL_US,
        .bar_us = is_the_next && was_full ? slowest->top[wanted - 1] : 0,
    };
}

static void enter(struct slowest *slowest, uint32_t wanted, uint64_t duration_us)
{
    uint32_t place = slowest->count < wanted ? slowest->count++ : wanted - 1;
    for (; place > 0 && slowest->top[place - 1] < duration_us; place--)
        slowest->top[place] = slowest->top[place - 1];
    slowest->top[place] = duration_us;
}

bool slowest_takes(struct slowest *slowest, uint32_t wanted, uint64_t duration_us, uint64_t now_us)
{
    if (wanted == 0)
        return false;
    if (now_us >= slowest->ends_us)
        next_interval(slowest, wanted, now_us);
    if (slowest->count == wanted && duration_us <= slowest->top[wanted - 1])
        return false;
    enter(slowest, wanted, duration_us);
    if (duration_us <= slowest->bar_us || slowest->taken == wanted * SLOWEST_EXCESS)
        return false;
    slowest->taken++;
    return true;
}
