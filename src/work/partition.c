#include "base/clock.h"
#include "base/memory.h"
#include "work/cut.h"
#include "work/work_parts.h"

#include <inttypes.h>
#include <stdio.h>

struct partition *partition_new(struct work *work, struct consumer_partition *source, int32_t number, int64_t start)
{
    struct partition *partition = mem_zalloc(sizeof(*partition));
    partition->work = work;
    partition->source = source;
    partition->number = number;
    partition->tally = tally_of(work, number);
    partition->tally->assigned = true;
    partition->committed = partition->committing = OFFSET_NONE;
    lane_set_init(&partition->lanes, (enum lane_order)work->config->order, random_seed());
    schedule_source_init(&partition->schedule, &work->schedule);
    offsets_init(&partition->offsets, start);
    list_init(&partition->jobs);
    list_init(&partition->hungry);
    list_push(&work->partitions, &partition->link);
    partition->moved_us = clock_us();

    char label[12];
    snprintf(label, sizeof(label), "%" PRId32, number);
    partition->consumed_series = metric(work->shared->metrics, METRIC_CONSUMED, work->options.stream, label);
    return partition;
}

size_t partition_under_way(const struct partition *partition)
{
    return partition->lanes.running + partition->sending;
}

static void drop(struct job *job)
{
    struct partition *partition = job->partition;
    if (job->record.state == RECORD_READY)
        schedule_remove(&job->entry);
    lane_drop(&partition->lanes, &job->record);
    job_trace_left(job);
    job_free(job);
}

void partition_drop_waiting(struct partition *partition)
{
    list_each(link, &partition->jobs) {
        struct job *job = list_entry(link, struct job, link);
        if (job_is_in_lane(job) && job->record.state != RECORD_RUNNING && !publication_is_under_way(job))
            drop(job);
    }
    intake_account(partition);
}

static void free_partition(struct partition *partition)
{
    list_remove(&partition->link);
    list_remove(&partition->hungry);
    lane_set_close(&partition->lanes);
    crowd_close(partition);
    offsets_close(&partition->offsets);
    mem_free(partition);
}

void partition_release(struct partition *partition)
{
    if (partition->state == PARTITION_GIVEN_UP)
        give_up_check(partition->work);
    else if (partition->state == PARTITION_LEFT && list_empty(&partition->jobs) && partition->commits == 0)
        free_partition(partition);
}

void partition_stop_starting(struct partition *partition)
{
    schedule_hold_source(&partition->schedule);
    list_remove(&partition->hungry);
    partition_drop_waiting(partition);
}

void partition_leave(struct partition *partition)
{
    struct work *work = partition->work;
    partition->state = PARTITION_LEFT;
    partition->source = NULL;
    list_remove(&partition->link);
    list_push(&work->leftovers, &partition->link);
    partition_stop_starting(partition);
    run_cancel_all(partition);
    cut_forget(partition);
    partition_release(partition);
}
