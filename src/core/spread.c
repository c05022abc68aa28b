#include "core/spread.h"

#include "base/memory.h"

#include <assert.h>

void spread_init(struct spread *spread, uint64_t hold_us, uint32_t first)
{
    *spread = (struct spread){ .hold_us = hold_us, .current = (int32_t)(first & INT32_MAX) };
}

void spread_free(struct spread *spread)
{
    mem_free(spread->on_way);
}

static bool is_busy(const struct spread *spread, int32_t partition)
{
    return partition < spread->on_way_count && spread->on_way[partition] > 0;
}

static bool may_stay(const struct spread *spread, int32_t partitions, uint64_t now_us)
{
    return now_us - spread->since_us < spread->hold_us || spread->busy >= partitions;
}

int32_t spread_choose(struct spread *spread, int32_t partitions, uint64_t now_us, spread_available available, const void *arg)
{
    spread->current %= partitions;
    bool lost = !available(arg, spread->current);
    if (!lost && may_stay(spread, partitions, now_us))
        return spread->current;
    for (int32_t i = 1; i <= partitions; i++) {
        int32_t next = (spread->current + i) % partitions;
        if ((is_busy(spread, next) && !lost) || !available(arg, next))
            continue;
        spread->current = next;
        spread->since_us = now_us;
        break;
    }
    return spread->current;
}

static void grow(struct spread *spread, int32_t count)
{
    spread->on_way = mem_realloc(spread->on_way, (size_t)count * sizeof(*spread->on_way));
    while (spread->on_way_count < count)
        spread->on_way[spread->on_way_count++] = 0;
}

void spread_enter(struct spread *spread, int32_t partition)
{
    if (partition < 0)
        return;
    if (partition >= spread->on_way_count)
        grow(spread, partition + 1);
    if (spread->on_way[partition]++ == 0)
        spread->busy++;
}

void spread_leave(struct spread *spread, int32_t partition)
{
    if (partition < 0)
        return;
    assert(is_busy(spread, partition));
    if (--spread->on_way[partition] == 0)
        spread->busy--;
}
