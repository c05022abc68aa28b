/* job: a record as we hold it, from when it is taken to when it is done or forgotten. Nobody outside of work/ includes this.
 *
 *   run          an attempt at it, under way
 *   publication  what it leaves behind in another topic once it is done, or cannot be worked (work/publication.h); it is no more worked
 * then job_done     its offset is done; job_forget: it is not, and whoever has the partition next reads it again
 *
 * Exactly once, a job with a publication leaves its lane first (job_leave_lane), its offset counts as done when a transaction takes both
 * along (job_count_offset), and it is gone when that is committed (job_committed) or its partition is left (job_leave).
 *
 * Its place among others is its record's (core/lanes), which also has its state: WAITING, READY, RUNNING, RESTING. */
#pragma once

#include "core/lanes.h"
#include "core/scheduler.h"
#include "io/kafka/consumer.h"
#include "work/alarm.h"
#include "work/handler.h"

#include <stddef.h>

struct partition;
struct trace_context;
struct work;
struct work_shared;

/* A record as we hold it: copied out of librdkafka's buffer in one allocation, its texts point behind the struct. */
struct job {
    struct record record; /* first: a record leads back to its job */
    struct list link;
    struct partition *partition;
    struct run *run;                 /* while it runs */
    struct publication *publication; /* once its work is over */
    struct job_trace *trace;         /* once an attempt has failed, where traces are kept */
    uint64_t began_us;               /* its first attempt; 0 before */
    uint64_t taken_us;
    uint32_t place; /* in offsets */
    uint32_t header_count;
    uint32_t size_bytes;
    unsigned failures : 31;
    bool unreadable : 1; /* no memory was had for its contents: they are absent */
    struct schedule_entry entry;
    struct due rest; /* until the next attempt, of the handler or of the publication */
    int64_t offset;
    int64_t timestamp_ms;
    struct text value;
    struct consumer_header headers[]; /* and then the bytes */
};

/* An attempt under way: kept apart from the job, so that waiting ones are small. */
struct run {
    struct attempt attempt;
    struct list link; /* in work.idle_runs while it is not used, in work.overdue while it is overdue */
    struct due timeout;
    struct job *job;
    bool had_grace;    /* its timeout was heard of, and ends that were due before it are heard first */
    bool overdue;      /* its timeout is over: linked in work.overdue */
    bool stuck;        /* and it cannot be ended */
    bool cut;          /* nobody waits for it any more */
    max_align_t own[]; /* the handler's */
};

/* --- job.c --- */
/* A copy of the record, at the end of its partition's jobs; not yet in its lane. */
struct job *job_new(struct partition *partition, const struct consumer_record *record);
void job_free(struct job *job);
/* Into the processor's cache comes what is needed when it is done. */
void job_fetch(const struct job *job);
/* The record is done for good: its offset too, and its successor is ready. The job is gone. `trace` is of its span; may be NULL. */
void job_done(struct job *job, const struct trace_context *trace, uint64_t now_us);
/* The job ends undone: its partition is left, or about to be. It will be read again by whoever comes next. */
void job_forget(struct job *job);
/* The same in parts, for jobs whose offset is committed with what they leave behind. */
void job_leave_lane(struct job *job);                                                    /* its successor is ready */
void job_count_offset(struct job *job, uint64_t now_us);                                 /* as done */
void job_committed(struct job *job, const struct trace_context *trace, uint64_t now_us); /* the job is gone, done */
void job_leave(struct job *job);                                                         /* the job is gone, undone */
static inline bool job_is_in_lane(const struct job *job)
{
    return job->record.lane != NULL;
}
/* It was worked for good: counted, with whatever tells of it. */
void job_count_done(struct job *job, uint64_t now_us);

/* --- run.c --- */
/* Begins an attempt at a ready job that was chosen and has a slot. */
void run_start(struct job *job, uint64_t now_us);
/* Asks for the end of what runs of a partition; nobody waits for it. */
void run_cancel_all(struct partition *partition);
void run_init(struct work *work);
void run_close(struct work *work);

/* --- stuck.c --- */
void stuck_begin(struct run *run); /* its timeout is over */
void stuck_end(struct run *run);
size_t stuck_on(const struct work_shared *shared, const struct scheduler *slots); /* how many of them cannot be ended */

/* --- publication.c --- */
/* The running job is done, and its record goes on to the stream's output. */
void publication_of_output(struct job *job, unsigned attempt, uint64_t now_us);
/* The running job cannot be worked: it becomes a dead letter. `attempt` was its last, also above. */
void publication_of_dead(struct job *job, unsigned attempt, const struct error *reason, uint64_t now_us);
void publication_free(struct job *job);
bool publication_is_under_way(const struct job *job);
