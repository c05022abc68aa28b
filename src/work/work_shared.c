#include "work/work_parts.h"

static void collect(void *arg)
{
    struct work_shared *shared = arg;
    metric_set(metric(shared->metrics, METRIC_SLOTS_BUSY), (double)shared->slots.busy);
    metric_set(metric(shared->metrics, METRIC_SLOTS), (double)shared->slots.limit);
    list_each(link, &shared->works)
        work_collect(list_entry(link, struct work, link));
}

void work_shared_init(struct work_shared *shared, uv_loop_t *loop, struct pool *pool, size_t slots, struct metrics *metrics,
                      struct stats *stats)
{
    *shared = (struct work_shared){ .loop = loop, .pool = pool, .metrics = metrics };
    scheduler_init(&shared->slots, slots);
    list_init(&shared->works);
    metrics_on_collect(metrics, collect, shared);
    sections_add(shared, stats);
}

void work_shared_set_slots(struct work_shared *shared, size_t slots)
{
    shared->slots.limit = slots;
    list_each(link, &shared->works)
        work_turn_soon(list_entry(link, struct work, link));
}

void work_shared_close(struct work_shared *shared)
{
    sections_remove(shared);
}
