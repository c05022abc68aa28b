/* crew_fixture: a full log of short jobs, and what one or two works of a group do with it. */
#pragma once

#include "work_fixture.h"

enum { COUNT = 120 };

static inline void given_full_log(struct crew *crew)
{
    crew->config.handler.simulate.range_us = 10000000;
    given_log(crew);
    for (int partition = 0; partition < PARTITIONS; partition++)
        given_records(crew, partition, COUNT, "{\"processing_time\":60}");
    given_all_written(crew);
}

static inline size_t partitions_of(const struct crew *crew, size_t which)
{
    struct work_counts counts;
    work_counts(crew->works[which], &counts);
    return counts.partitions;
}

static inline bool are_shared(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return partitions_of(crew, 0) == PARTITIONS / 2 && partitions_of(crew, 1) == PARTITIONS / 2;
}

static inline void when_shared(struct crew *crew)
{
    assert_true(wait_until(&crew->base, are_shared, NULL, WORK_PATIENCE));
}

static inline bool are_committed(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        if (committed(crew, partition) != *(int64_t *)arg)
            return false;
    }
    return true;
}

static inline bool is_lost(struct fixture *base, void *arg)
{
    (void)arg;
    return metric_value(metric(base->metrics, METRIC_REBALANCES, "jobs", "lost")) > 0;
}
