/* Attempts past their timeout. Most can be ended; one that burns a processor keeps its slot until it ends by itself, and a process whose
 * slots are all held so does nothing any more: only a restart helps. */
#include "base/clock.h"
#include "base/log.h"
#include "work/log_place.h"
#include "work/work_parts.h"

#include <inttypes.h>

void stuck_begin(struct run *run)
{
    const struct partition *partition = run->job->partition;
    struct work *work = partition->work;
    run->overdue = true;
    list_push(&work->overdue, &run->link);
    if (work->handler->cancel(work->handler_state, &run->attempt))
        return;
    run->stuck = true;
    work->stuck++;
    struct log_place place;
    log_place_of_job(&place, run->job);
    log_warn("work", "%s: partition %" PRId32 " offset %" PRId64 " is stuck: it runs longer than %" PRIu64 " ms and cannot be ended",
             work->options.stream, partition->number, run->job->offset, work->config->timeout_us / 1000);
    log_scope_end();
}

void stuck_end(struct run *run)
{
    struct work *work = run->job->partition->work;
    list_remove(&run->link);
    work->stuck -= run->stuck;
}

/* --- liveness --- */

size_t stuck_on(const struct work_shared *shared, const struct scheduler *slots)
{
    size_t stuck = 0;
    list_each(link, &shared->works) {
        const struct work *work = list_entry(link, struct work, link);
        stuck += work->slots == slots ? work->stuck : 0;
    }
    return stuck;
}

static bool is_dead(const struct work_shared *shared, const struct scheduler *slots)
{
    return slots->busy > 0 && slots->busy >= slots->limit && stuck_on(shared, slots) == slots->busy;
}

static bool dies(const struct work *work, struct error *err)
{
    bool own = work->slots == &work->own_slots;
    if (work->stuck == 0 || !is_dead(work->shared, work->slots))
        return false;
    const struct run *run = list_entry(work->overdue.next, struct run, link);
    error_set(err, E_UNAVAILABLE,
              "every slot of %s%s (%zu) is held by a job that runs longer than its timeout and cannot be ended: %s partition %" PRId32
              " offset %" PRId64 " for %" PRIu64 " s",
              own ? "the stream " : "the pool", own ? work->options.stream : "", work->slots->busy, work->options.stream,
              run->attempt.partition, run->attempt.offset, (clock_us() - run->attempt.started_us) / 1000000);
    return true;
}

bool work_shared_alive(const struct work_shared *shared, struct error *err)
{
    list_each(link, &shared->works) {
        if (dies(list_entry(link, struct work, link), err))
            return false;
    }
    return true;
}

/* --- /debug/stuck --- */

static void describe_run(const struct run *run, yyjson_mut_doc *doc, yyjson_mut_val *rows, uint64_t now_us)
{
    const struct work *work = run->job->partition->work;
    yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
    yyjson_mut_obj_add_str(doc, row, "stream", work->options.stream);
    yyjson_mut_obj_add_int(doc, row, "partition", run->attempt.partition);
    yyjson_mut_obj_add_int(doc, row, "offset", run->attempt.offset);
    describe_key(run->attempt.key, doc, row);
    yyjson_mut_obj_add_uint(doc, row, "attempt", run->attempt.number);
    yyjson_mut_obj_add_uint(doc, row, "running_ms", (now_us - run->attempt.started_us) / 1000);
    yyjson_mut_obj_add_uint(doc, row, "timeout_ms", work->config->timeout_us / 1000);
    yyjson_mut_obj_add_bool(doc, row, "can_be_ended", !run->stuck);
}

static yyjson_mut_val *describe_runs(const struct work_shared *shared, yyjson_mut_doc *doc, uint64_t now_us)
{
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    list_each(place, &shared->works) {
        const struct work *work = list_entry(place, struct work, link);
        list_each(link, &work->overdue)
            describe_run(list_entry(link, struct run, link), doc, rows, now_us);
    }
    return rows;
}

/* It has records, or could have: those that are not taken, because it is paused or has no room, and those that an open transaction holds.
 * What is being fetched is on its way. */
static bool has_records(const struct partition *partition)
{
    struct consumer_position position;
    if (!list_empty(&partition->jobs))
        return true;
    consumer_position(partition->source, &position);
    if (intake_room(partition) > 0)
        return position.undecided;
    return position.next < position.end || position.prefetched > 0;
}

static void describe_still(const struct list *partitions, yyjson_mut_doc *doc, yyjson_mut_val *rows, uint64_t now_us, uint64_t than_us)
{
    list_each(link, partitions) {
        const struct partition *partition = list_entry(link, struct partition, link);
        if (now_us - partition->moved_us < than_us || !has_records(partition))
            continue;
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        yyjson_mut_obj_add_str(doc, row, "stream", partition->work->options.stream);
        yyjson_mut_obj_add_int(doc, row, "partition", partition->number);
        yyjson_mut_obj_add_uint(doc, row, "still_ms", (now_us - partition->moved_us) / 1000);
        why_describe(partition, doc, row, now_us);
    }
}

yyjson_mut_val *work_shared_stuck(const struct work_shared *shared, uint64_t longer_than_us, yyjson_mut_doc *doc)
{
    uint64_t now_us = clock_us();
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    yyjson_mut_obj_add_val(doc, value, "attempts", describe_runs(shared, doc, now_us));
    yyjson_mut_obj_add_val(doc, value, "partitions", rows);
    list_each(link, &shared->works) {
        const struct work *work = list_entry(link, struct work, link);
        describe_still(&work->partitions, doc, rows, now_us, longer_than_us);
        describe_still(&work->giving_up, doc, rows, now_us, longer_than_us);
    }
    return value;
}
