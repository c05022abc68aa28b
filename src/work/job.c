#include "base/memory.h"
#include "work/work_parts.h"

#include <string.h>

static size_t bytes_of(const struct consumer_record *record)
{
    size_t bytes = record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        bytes += record->headers[i].name.size + record->headers[i].value.size;
    return bytes;
}

static struct text copy_text(char **place, struct text text)
{
    if (text.data == NULL)
        return TEXT_NONE;
    struct text copy = { *place, text.size };
    memcpy(*place, text.data, text.size);
    *place += text.size;
    return copy;
}

static void copy_contents(struct job *job, const struct consumer_record *record)
{
    char *place = (char *)&job->headers[record->header_count];
    job->record.key = copy_text(&place, record->key);
    job->value = copy_text(&place, record->value);
    job->header_count = (uint32_t)record->header_count;
    for (size_t i = 0; i < record->header_count; i++) {
        job->headers[i].name = copy_text(&place, record->headers[i].name);
        job->headers[i].value = copy_text(&place, record->headers[i].value);
    }
}

static size_t size_of(size_t header_count, size_t bytes)
{
    return sizeof(struct job) + header_count * sizeof(struct consumer_header) + bytes;
}

/* A record that there is no memory for is held without its contents, and becomes a dead letter that points at it. */
static struct job *allocate(struct work *work, const struct consumer_record *record, size_t bytes)
{
    struct job *job = shelf_try_take(&work->jobs, size_of(record->header_count, bytes));
    bool whole = job != NULL;
    if (!whole)
        job = mem_alloc(sizeof(*job));
    *job = (struct job){ .unreadable = !whole, .size_bytes = (uint32_t)bytes };
    if (whole)
        copy_contents(job, record);
    return job;
}

struct job *job_new(struct partition *partition, const struct consumer_record *record)
{
    struct job *job = allocate(partition->work, record, bytes_of(record));
    job->partition = partition;
    job->offset = record->offset;
    job->taken_us = partition->work->taken_us;
    job->timestamp_ms = record->timestamp_ms;
    partition->bytes += job->size_bytes;
    partition->records++;
    partition->work->bytes.used += job->size_bytes;
    partition->work->records.used++;
    list_push(&partition->jobs, &job->link);
    return job;
}

void job_free(struct job *job)
{
    struct partition *partition = job->partition;
    partition->bytes -= job->size_bytes;
    partition->records--;
    partition->work->bytes.used -= job->size_bytes;
    partition->work->records.used--;
    list_remove(&job->link);
    if (job->record.state == RECORD_RESTING)
        alarm_unset(&partition->work->alarm, &job->rest.entry);
    publication_free(job);
    mem_free(job->trace);
    if (job->unreadable)
        mem_free(job);
    else
        shelf_give(&partition->work->jobs, job, size_of(job->header_count, job->size_bytes));
}

void job_fetch(const struct job *job)
{
    for (size_t at = 0; at < offsetof(struct job, entry); at += 64)
        __builtin_prefetch((const char *)job + at, 1);
    __builtin_prefetch((const char *)job + offsetof(struct job, entry) - 1, 1);
}

void job_leave_lane(struct job *job)
{
    struct partition *partition = job->partition;
    struct record *successor = lane_done(&partition->lanes, &job->record);
    if (successor != NULL)
        schedule_add(&partition->schedule, &list_entry(successor, struct job, record)->entry);
    else if (partition->crowd.key.data != NULL)
        crowd_lane_ended(partition);
    intake_account(partition);
}

void job_count_offset(struct job *job, uint64_t now_us)
{
    if (offsets_done(&job->partition->offsets, job->place))
        job->partition->moved_us = now_us;
}

void job_count_done(struct job *job, uint64_t now_us)
{
    struct work *work = job->partition->work;
    work->counts.done++;
    work->ended_us = now_us;
    job->partition->tally->done++;
    metric_add(work->series.done, 1);
}

static void end(struct job *job)
{
    struct partition *partition = job->partition;
    struct work *work = partition->work;
    job_free(job);
    partition_release(partition);
    work_turn_soon(work);
}

void job_committed(struct job *job, const struct trace_context *trace, uint64_t now_us)
{
    metric_observe_traced(job->partition->work->series.duration, (double)(now_us - job->began_us) / 1e6, trace);
    end(job);
}

void job_leave(struct job *job)
{
    job_trace_left(job);
    end(job);
}

void job_done(struct job *job, const struct trace_context *trace, uint64_t now_us)
{
    job_count_offset(job, now_us);
    job_leave_lane(job);
    job_committed(job, trace, now_us);
}

void job_forget(struct job *job)
{
    job_leave_lane(job);
    job_leave(job);
}
