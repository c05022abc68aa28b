/* Giving up what the group wants back.
 *
 *   begin: starts nothing, drops what waits --> runs end, or `drain` is over --> final commit --> given back
 *                                                                                 ^      | refused, or a transaction that has not ended
 *                                                                                 |      | when the group is left: for half a second
 *                                                                                 +------+
 *   lost meanwhile: left at once, nothing committed */
#include "base/clock.h"
#include "base/log.h"
#include "work/log_place.h"
#include "work/work_parts.h"

#include <inttypes.h>

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
    list_each(link, &work->giving_up) {
        const struct partition *partition = list_entry(link, struct partition, link);
        size_t running = partition_under_way(partition);
        struct log_place place;
        log_place_of_partition(&place, partition);
        if (running > 0)
            log_warn("work", "%s: partition %" PRId32 " is given back with %zu jobs that did not end in time; they will be done again",
                     work->options.stream, partition->number, running);
        log_scope_end();
    }
    commit_and_go(work);
}

void give_up_begin(struct work *work, void *const *partitions, size_t count)
{
    uint64_t patience_us = work->closing ? 0 : work->config->drain_us;
    work->give_ups++;
    work->final_commit = work->final_waits = false; /* of what was wanted back before: it goes along with these */
    alarm_unset(&work->alarm, &work->final_due.entry);
    for (size_t i = 0; i < count; i++) {
        struct partition *partition = partitions[i];
        partition->state = PARTITION_GIVEN_UP;
        list_remove(&partition->link);
        list_push(&work->giving_up, &partition->link);
        partition_stop_starting(partition);
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
                 "%s: the last commit of partitions that are given back was not taken; what was done since the one before is done again",
                 work->options.stream);
    alarm_unset(&work->alarm, &work->final_due.entry);
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
    work->final_waits = false;
}

void give_up_init(struct work *work)
{
    list_init(&work->giving_up);
    list_init(&work->leftovers);
    work->give_up_due.on_due = on_patience_over;
    work->final_due.on_due = on_commit_again;
}
