#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/work_parts.h"

#include <inttypes.h>
#include <stdio.h>

struct partition *partition_new(struct work *work, struct consumer_partition *source, int32_t number, int64_t start)
{
    struct partition *partition = mem_zalloc(sizeof(*partition));
    partition->work = work;
    partition->source = source;
    partition->number = number;
    partition->committed = partition->committing = OFFSET_NONE;
    lane_set_init(&partition->lanes, (enum lane_order)work->config->order);
    schedule_source_init(&partition->schedule, &work->schedule);
    offsets_init(&partition->offsets, start);
    list_init(&partition->jobs);
    list_init(&partition->hungry);
    list_push(&work->partitions, &partition->link);

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
    job_free(job);
}

void partition_drop_waiting(struct partition *partition)
{
    list_each(link, &partition->jobs) {
        struct job *job = list_entry(link, struct job, link);
        if (job->record.state != RECORD_RUNNING && !dead_letter_is_sending(job))
            drop(job);
    }
    intake_account(partition);
}

static void free_partition(struct partition *partition)
{
    list_remove(&partition->link);
    list_remove(&partition->hungry);
    lane_set_close(&partition->lanes);
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

static void stop_starting(struct partition *partition)
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
    stop_starting(partition);
    run_cancel_all(partition);
    partition_release(partition);
}

/* --- giving up: what the group wants back ---
 *
 *   begin: starts nothing, drops what waits --> runs end, or `drain` is over --> final commit --> given back
 *                                                                                 ^      | refused, for half a second
 *                                                                                 +------+
 *   lost meanwhile: left at once, nothing committed */

/* A coordinator that is just dividing the group refuses commits for a moment. */
#define FINAL_COMMIT_US       500000
#define FINAL_COMMIT_AGAIN_US 50000

static void commit_and_go(struct work *work)
{
    alarm_unset(&work->alarm, &work->give_up_due.entry);
    work->final_commit = true;
    work->final_until_us = clock_us() + FINAL_COMMIT_US;
    commit_final(work);
}

static void on_commit_again(struct due *due, uint64_t now_us)
{
    (void)now_us;
    commit_final(list_entry(due, struct work, final_due));
}

void give_up_check(struct work *work)
{
    if (list_empty(&work->giving_up) || work->final_commit)
        return;
    list_each(link, &work->giving_up) {
        if (partition_under_way(list_entry(link, struct partition, link)) > 0)
            return;
    }
    commit_and_go(work);
}

static void on_patience_over(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, give_up_due);
    (void)now_us;
    list_each(link, &work->giving_up) {
        const struct partition *partition = list_entry(link, struct partition, link);
        size_t running = partition_under_way(partition);
        if (running > 0)
            log_warn("work", "%s: partition %" PRId32 " is given back with %zu jobs that did not end in time; they will be done again",
                     work->options.stream, partition->number, running);
    }
    commit_and_go(work);
}

void give_up_begin(struct work *work, void *const *partitions, size_t count)
{
    uint64_t patience_us = work->closing ? 0 : work->config->drain_us;
    work->give_ups++;
    for (size_t i = 0; i < count; i++) {
        struct partition *partition = partitions[i];
        partition->state = PARTITION_GIVEN_UP;
        list_remove(&partition->link);
        list_push(&work->giving_up, &partition->link);
        stop_starting(partition);
    }
    alarm_set(&work->alarm, &work->give_up_due.entry, clock_us() + patience_us);
    give_up_check(work);
}

void give_up_committed(struct work *work, int code)
{
    uint64_t now_us = clock_us();
    if (code != 0 && now_us < work->final_until_us) {
        alarm_set(&work->alarm, &work->final_due.entry, now_us + FINAL_COMMIT_AGAIN_US);
        return;
    }
    if (code != 0)
        log_warn("work",
                 "%s: the last commit of partitions that are given back was refused; what was done since the one before is done again",
                 work->options.stream);
    work->final_commit = false;
    for (struct list *link; (link = list_first(&work->giving_up)) != NULL;)
        partition_leave(list_entry(link, struct partition, link));
    consumer_given_up(work->consumer);
}

void give_up_lost(struct work *work)
{
    if (!list_empty(&work->giving_up))
        return;
    alarm_unset(&work->alarm, &work->give_up_due.entry);
    alarm_unset(&work->alarm, &work->final_due.entry);
    work->final_commit = false;
}

void give_up_init(struct work *work)
{
    list_init(&work->giving_up);
    list_init(&work->leftovers);
    work->give_up_due.on_due = on_patience_over;
    work->final_due.on_due = on_commit_again;
}
