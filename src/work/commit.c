#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/work_parts.h"

/* A commit under way; its partitions stay until its answer. */
struct commit {
    struct work *work;
    uint64_t give_up; /* which one it ends; 0: none */
    size_t count;
    struct commit_entry {
        struct partition *partition;
        int64_t offset;
    } entries[];
};

/* Behind the last record there may be marks of transactions, which nobody can work: a partition without open records is done with them
 * too. Otherwise its lag would never be 0. */
static void skip_marks(struct partition *partition)
{
    if (partition->source == NULL || !list_empty(&partition->jobs))
        return;
    struct consumer_position position;
    consumer_position(partition->source, &position);
    offsets_skip_to(&partition->offsets, position.next);
}

/* One at a time for each partition: while the group is being divided anew, answers wait until it is. */
static bool is_due(const struct partition *partition, bool last)
{
    return partition->offsets.watermark > partition->committing && (last || partition->commits == 0);
}

static struct commit *collect(struct work *work, struct list *partitions, bool last)
{
    size_t count = 0;
    list_each(link, partitions)
        count++;
    struct commit *commit = mem_alloc(sizeof(*commit) + count * sizeof(commit->entries[0]));
    *commit = (struct commit){ .work = work };
    list_each(link, partitions) {
        struct partition *partition = list_entry(link, struct partition, link);
        skip_marks(partition);
        if (is_due(partition, last))
            commit->entries[commit->count++] = (struct commit_entry){ partition, partition->offsets.watermark };
    }
    return commit;
}

static void settle(struct commit_entry *entry, int code)
{
    struct partition *partition = entry->partition;
    const struct work *work = partition->work;
    if (code == 0 && entry->offset > partition->committed)
        partition->committed = entry->offset;
    if (code != 0)
        partition->committing = partition->committed; /* so that it is sent again */
    if (code == 0 && work->options.target.embedded != NULL)
        embedded_note_done(work->options.target.embedded, work->options.topic, partition->number, entry->offset);
    partition->commits--;
    partition_release(partition);
}

static void on_answer(void *arg, int code, const char *sentence)
{
    struct commit *commit = arg;
    struct work *work = commit->work;
    bool ends_give_up = commit->give_up == work->give_ups && work->final_commit;
    metric_add(code == 0 ? work->series.committed : work->series.commit_refused, 1);
    if (code == E_CANCELED)
        log_info("work", "%s: a commit of %zu partitions was overtaken by a rebalance: %s", work->options.stream, commit->count, sentence);
    else if (code != 0)
        log_warn("work", "%s: a commit of %zu partitions was refused, and is sent again: %s", work->options.stream, commit->count,
                 sentence);
    for (size_t i = 0; i < commit->count; i++)
        settle(&commit->entries[i], code);
    mem_free(commit);
    if (ends_give_up)
        give_up_committed(work, code);
}

/* Takes `commit`. Returns 0 if its answer will come. */
static int submit(struct commit *commit)
{
    struct work *work = commit->work;
    struct consumer_commit *list = mem_zalloc(commit->count * sizeof(*list));
    for (size_t i = 0; i < commit->count; i++) {
        list[i].partition = commit->entries[i].partition->source;
        list[i].offset = commit->entries[i].offset;
    }
    struct error err;
    int code = consumer_commit(work->consumer, list, commit->count, on_answer, commit, &err);
    mem_free(list);
    if (code != 0) {
        log_warn("work", "%s: %s", work->options.stream, err.message);
        mem_free(commit);
        return code;
    }
    for (size_t i = 0; i < commit->count; i++) {
        commit->entries[i].partition->committing = commit->entries[i].offset;
        commit->entries[i].partition->commits++;
    }
    return 0;
}

static void on_interval(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, commit_due);
    struct commit *commit = collect(work, &work->partitions, false);
    if (commit->count == 0)
        mem_free(commit);
    else
        submit(commit);
    alarm_set(&work->alarm, &work->commit_due.entry, now_us + work->config->commit.interval_us);
}

/* What was asked for but not answered is asked for once more: the group must not get ahead of the answer. */
void commit_final(struct work *work)
{
    list_each(link, &work->giving_up) {
        struct partition *partition = list_entry(link, struct partition, link);
        partition->committing = partition->committed;
    }
    struct commit *commit = collect(work, &work->giving_up, true);
    commit->give_up = work->give_ups;
    if (commit->count == 0) {
        mem_free(commit);
        give_up_committed(work, 0);
        return;
    }
    int code = submit(commit);
    if (code != 0)
        give_up_committed(work, code);
}

void commit_start(struct work *work)
{
    work->commit_due.on_due = on_interval;
    alarm_set(&work->alarm, &work->commit_due.entry, clock_us() + work->config->commit.interval_us);
}

/* --- before the group is left ---
 *
 * While the group is being divided anew, a commit is answered only when it is, and then refused, for it bears the old generation.
 * Whoever leaves in that moment never learns the new one. So everything is committed first, as often as it takes, and then left. */

#define TRY_AGAIN_US   20000
#define LAST_COMMIT_US 2000000

static bool is_under_way(const struct work *work)
{
    list_each(link, &work->partitions) {
        if (list_entry(link, struct partition, link)->commits > 0)
            return true;
    }
    return false;
}

static void on_last_try(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, commit_due);
    struct commit *commit = collect(work, &work->partitions, false);
    bool over = commit->count == 0 && !is_under_way(work);
    if (commit->count == 0)
        mem_free(commit);
    else
        submit(commit);
    if (over || now_us >= work->leave_by_us)
        work_leave(work);
    else
        alarm_set(&work->alarm, &work->commit_due.entry, now_us + TRY_AGAIN_US);
}

void commit_last(struct work *work)
{
    work->leave_by_us = clock_us() + LAST_COMMIT_US;
    work->commit_due.on_due = on_last_try;
    alarm_set(&work->alarm, &work->commit_due.entry, 0);
}
