#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/commit_metadata.h"
#include "work/cut.h"
#include "work/log_place.h"
#include "work/work_parts.h"

#include <inttypes.h>

/* What of a partition is committed, and when.
 *
 *   news --tick--> asked for --taken--> committed
 *    ^                |
 *    +--- refused ----+    sent again with the next tick; without metadata, and at once, if that was too large
 *
 * `committing` and `committing_done` are what was asked for, `committed` and `committed_done` what was taken; news is what goes beyond
 * the first pair. Partitions that are given back, and all before the group is left, do not wait for the tick.
 *
 * Exactly once, a commit is a transaction that takes the cut along (work/cut.h): of all partitions, since each has its part in it, and one
 * at a time. */

/* A commit under way; its partitions stay until its answer. */
struct commit {
    struct work *work;
    uint64_t give_up; /* which one it ends; 0: none */
    bool vouches;     /* begun in doubt: that it is taken ends the doubt */
    size_t count;
    struct commit_entry {
        struct partition *partition;
        int64_t offset;
        uint64_t done;
    } entries[];
};

/* Behind the last record there may be marks of transactions, which nobody can work: a partition without open records is done with them
 * too. Otherwise its lag would never be 0. */
static void skip_marks(struct partition *partition)
{
    if (!list_empty(&partition->jobs))
        return;
    struct consumer_position position;
    consumer_position(partition->source, &position);
    offsets_skip_to(&partition->offsets, position.next);
}

/* The watermark has moved, or more is done above it. */
static bool has_news(const struct partition *partition)
{
    return partition->offsets.watermark > partition->committing || partition->offsets.done != partition->committing_done;
}

/* One at a time for each partition: while the group is being divided anew, answers wait until it is. */
static bool is_due(const struct partition *partition, bool last)
{
    return !partition->unsure && has_news(partition) && (last || partition->commits == 0);
}

static size_t length(const struct list *partitions)
{
    size_t count = 0;
    list_each(link, partitions)
        count++;
    return count;
}

static void add_due(struct commit *commit, const struct list *partitions, bool last)
{
    list_each(link, partitions) {
        struct partition *partition = list_entry(link, struct partition, link);
        skip_marks(partition);
        if (is_due(partition, last))
            commit->entries[commit->count++] = (struct commit_entry){ partition, partition->offsets.watermark, partition->offsets.done };
    }
}

static struct commit *collect(struct work *work, const struct list *partitions, bool last)
{
    size_t most = length(&work->partitions) + length(&work->giving_up);
    struct commit *commit = mem_alloc(sizeof(*commit) + most * sizeof(commit->entries[0]));
    *commit = (struct commit){ .work = work, .vouches = (work->holds & HOLD_DOUBT) != 0 };
    if (work_is_exactly_once(work)) {
        cut_count(work);
        add_due(commit, &work->partitions, last);
        add_due(commit, &work->giving_up, last);
    } else {
        add_due(commit, partitions, last);
    }
    return commit;
}

static void note_committed(const struct commit_entry *entry)
{
    struct partition *partition = entry->partition;
    const struct work *work = partition->work;
    if (entry->offset > partition->committed)
        partition->committed = entry->offset;
    if (entry->done > partition->committed_done)
        partition->committed_done = entry->done;
    if (work->options.target.embedded != NULL)
        embedded_note_done(work->options.target.embedded, work->options.topic, partition->number, entry->offset);
}

/* So that it is sent again. */
static void note_refused(const struct commit_entry *entry, int code)
{
    struct partition *partition = entry->partition;
    struct work *work = partition->work;
    partition->committing = partition->committed;
    partition->committing_done = partition->committed_done;
    if (code != E_TOO_LARGE)
        return;
    partition->bare = true;
    metric_add(work->series.bare, 1);
    struct log_place place;
    log_place_of_partition(&place, partition);
    log_warn("work", "%s: partition %" PRId32 ": its commit has more metadata than the broker takes, and is sent again without",
             work->options.stream, partition->number);
    log_scope_end();
    alarm_set(&work->alarm, &work->commit_due.entry, 0);
}

static void settle(const struct commit_entry *entry, int code)
{
    if (code == 0)
        note_committed(entry);
    else
        note_refused(entry, code);
    entry->partition->commits--;
    partition_release(entry->partition);
}

static void tell(const struct commit *commit, int code, const char *sentence)
{
    const char *stream = commit->work->options.stream;
    if (code == E_CANCELED)
        log_info("work", "%s: a commit of %zu partitions was overtaken by a rebalance: %s", stream, commit->count, sentence);
    else if (code == E_UNAVAILABLE)
        log_warn("work", "%s: a commit of %zu partitions was refused, and is sent again: %s", stream, commit->count, sentence);
}

static int first_refusal(const int *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (codes[i] != 0)
            return codes[i];
    }
    return 0;
}

/* For whoever asks why what is done is not committed. What was overtaken, or is sent again without metadata, was not refused. */
static void note_answer(struct work *work, int code, const char *sentence)
{
    if (code == 0)
        work->refused.code = 0;
    if (code != E_UNAVAILABLE)
        return;
    if (work->refused.code == 0)
        work->refused_us = clock_us();
    error_set(&work->refused, code, "%s", sentence);
}

/* --- exactly once: after a transaction --- */

static const struct retry_policy abort_policy = { .base_us = 100000, .max_us = 5000000, .jitter_us = 100000 };

static void go_on(struct work *work, int code, bool vouches)
{
    work->aborts = code == 0 ? 0 : work->aborts + 1;
    if (vouches && work->consumer != NULL)
        consumer_vouch(work->consumer);
    if (work->final_waits)
        commit_final(work);
    else if (work->closing)
        return; /* what is left is looked at all the time */
    else if (code != 0)
        alarm_set(&work->alarm, &work->commit_due.entry, clock_us() + retry_delay_us(&abort_policy, work->aborts, &work->random));
    else if (cut_is_large(work))
        commit_soon(work);
}

void commit_soon(struct work *work)
{
    if (work->round == NULL && work->aborts == 0)
        alarm_set(&work->alarm, &work->commit_due.entry, 0);
}

/* --- answers --- */

/* While a group waits for a member that was killed, commits are answered only when it is divided, as too late: what has become done since
 * then was told to nobody for a whole session, and must not wait for the interval too. */
#define OVERTAKEN_US 50000

static void on_answer(void *arg, const int *codes, const char *sentence)
{
    struct commit *commit = arg;
    struct work *work = commit->work;
    int code = first_refusal(codes, commit->count);
    note_answer(work, code, sentence);
    bool ends_give_up = commit->give_up == work->give_ups && work->final_commit;
    bool vouches = commit->vouches && code == 0;
    metric_add(code == 0 ? work->series.committed : work->series.commit_refused, 1);
    tell(commit, code, sentence);
    for (size_t i = 0; i < commit->count; i++)
        settle(&commit->entries[i], codes[i]);
    mem_free(commit);
    if (work_is_exactly_once(work))
        go_on(work, code, vouches);
    else if (code == E_CANCELED && !work->closing)
        alarm_set(&work->alarm, &work->commit_due.entry, clock_us() + OVERTAKEN_US);
    if (ends_give_up)
        give_up_committed(work, code);
}

/* The topic's id and what is done above the watermark go along, unless the broker has just refused to take so much. */
static struct text metadata_of(const struct partition *partition, char out[COMMIT_METADATA_MAX])
{
    if (partition->bare)
        return TEXT_NONE;
    return (struct text){ out, commit_metadata_write(&partition->offsets, consumer_topic_id(partition->source), out) };
}

static int send_commit(struct commit *commit, struct error *err)
{
    struct work *work = commit->work;
    struct consumer_commit *list = mem_zalloc(commit->count * sizeof(*list));
    char(*texts)[COMMIT_METADATA_MAX] = mem_alloc(commit->count * sizeof(*texts));
    for (size_t i = 0; i < commit->count; i++) {
        const struct partition *partition = commit->entries[i].partition;
        list[i] = (struct consumer_commit){ partition->source, commit->entries[i].offset, metadata_of(partition, texts[i]) };
    }
    int code = work_is_exactly_once(work) ? cut_commit(work, list, commit->count, on_answer, commit, err)
                                          : consumer_commit(work->consumer, list, commit->count, on_answer, commit, err);
    mem_free(texts);
    mem_free(list);
    return code;
}

/* Takes `commit`. Returns 0 if its answer will come. */
static int submit(struct commit *commit)
{
    struct error err;
    int code = send_commit(commit, &err);
    if (code != 0) {
        log_warn("work", "%s: %s", commit->work->options.stream, err.message);
        note_answer(commit->work, code, err.message);
        mem_free(commit);
        return code;
    }
    for (size_t i = 0; i < commit->count; i++) {
        const struct commit_entry *entry = &commit->entries[i];
        struct partition *partition = entry->partition;
        partition->committing = entry->offset;
        partition->committing_done = entry->done;
        partition->bare = false;
        partition->commits++;
    }
    return 0;
}

static void commit_news(struct work *work)
{
    if (work->round != NULL)
        return;
    struct commit *commit = collect(work, &work->partitions, false);
    if (commit->count == 0)
        mem_free(commit);
    else
        submit(commit);
}

static void on_interval(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, commit_due);
    commit_news(work);
    alarm_set(&work->alarm, &work->commit_due.entry, now_us + work->config->commit.interval_us);
}

/* The farewell does not wait for as long as a transaction may take. Whoever comes next is told where to begin once it has ended. */
static bool goes_without(const struct work *work)
{
    return work->leaving && work->round != NULL;
}

/* What was asked for but not answered is asked for once more: the group must not get ahead of the answer. */
void commit_final(struct work *work)
{
    if (goes_without(work)) {
        give_up_committed(work, E_UNAVAILABLE);
        return;
    }
    work->final_waits = work->round != NULL;
    if (work->final_waits)
        return;
    list_each(link, &work->giving_up) {
        struct partition *partition = list_entry(link, struct partition, link);
        partition->committing = partition->committed;
        partition->committing_done = partition->committed_done;
    }
    struct commit *commit = collect(work, &work->giving_up, true);
    commit->give_up = work->give_ups;
    if (commit->count == 0) {
        mem_free(commit);
        give_up_committed(work, 0);
        return;
    }
    int code = submit(commit);
    if (code != 0 || goes_without(work))
        give_up_committed(work, code != 0 ? code : E_UNAVAILABLE);
}

void commit_start(struct work *work)
{
    work->commit_due.on_due = on_interval;
    alarm_set(&work->alarm, &work->commit_due.entry, clock_us() + work->config->commit.interval_us);
}

/* --- before the group is left ---
 *
 * While the group is being divided anew, a commit is answered only when it is, and then refused, for it bears the old generation.
 * Whoever leaves in that moment never learns the new one. So everything is committed first, as often as it takes, and then left.
 * To divide a group takes as long as the jobs that its slowest member may end before it gives them up: that is waited for, unless no
 * broker is connected or the time of the close is over. */

#define TRY_AGAIN_US  20000
#define FIRST_LOOK_US 2000000 /* whether a broker is connected */
#define LOOK_AGAIN_US 1000000

/* Of what is done, something is not committed yet. */
static bool is_under_way(const struct work *work)
{
    list_each(link, &work->partitions) {
        const struct partition *partition = list_entry(link, struct partition, link);
        if (partition->commits > 0 || is_due(partition, false))
            return true;
    }
    return work->round != NULL;
}

static bool may_be_answered(struct work *work, uint64_t now_us)
{
    if (now_us < work->look_us)
        return true;
    work->look_us = now_us + LOOK_AGAIN_US;
    return now_us < work->leave_by_us && consumer_is_connected(work->consumer);
}

static void on_last_try(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, commit_due);
    commit_news(work);
    bool over = !is_under_way(work) && list_empty(&work->giving_up);
    if (over || !may_be_answered(work, now_us))
        work_leave(work);
    else
        alarm_set(&work->alarm, &work->commit_due.entry, now_us + TRY_AGAIN_US);
}

void commit_last(struct work *work, uint64_t deadline_us)
{
    work->leave_by_us = deadline_us - CONSUMER_CLOSE_US;
    work->look_us = clock_us() + FIRST_LOOK_US;
    work->commit_due.on_due = on_last_try;
    alarm_set(&work->alarm, &work->commit_due.entry, 0);
}

/* --- what the commit that we begin at tells --- */

void commit_restore(struct partition *partition, const struct consumer_beginning *beginning)
{
    const struct work *work = partition->work;
    struct log_place place;
    log_place_of_partition(&place, partition);
    struct offset_ranges done;
    enum commit_metadata_verdict verdict =
        commit_metadata_read(beginning->metadata, consumer_topic_id(partition->source), beginning->offset, beginning->end, &done);
    if (verdict == METADATA_VALID) {
        offsets_restore(&partition->offsets, done);
        log_info("work", "%s: partition %" PRId32 ": %zu offsets above %" PRId64 " are done already, as its commit tells",
                 work->options.stream, partition->number, offsets_above(&partition->offsets), partition->offsets.watermark);
    } else if (verdict != METADATA_ABSENT && verdict != METADATA_EMPTY) {
        metric_add(metric(work->shared->metrics, METRIC_COMMIT_METADATA_IGNORED, work->options.stream, commit_metadata_word(verdict)), 1);
        log_warn("work", "%s: partition %" PRId32 ": the metadata of its commit is ignored: %s", work->options.stream, partition->number,
                 commit_metadata_reason(verdict));
    }
    log_scope_end();
}

/* --- how much may be done above the watermark --- */

size_t commit_room(const struct partition *partition)
{
    if (partition->lanes.order == LANE_ORDER_PARTITION)
        return SIZE_MAX; /* where all is one lane, nothing ends before what is below it */
    return commit_metadata_room(&partition->offsets);
}
