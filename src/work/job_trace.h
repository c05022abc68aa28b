/* job_trace: the spans of a job, below the one that its record's `traceparent` names. Nobody outside of work/ includes this.
 *
 *   process_message (CONSUMER)                      from when it was taken to its end: the local root
 *     lane_wait                                     until its first attempt
 *     heavy_calculation                             each attempt, under the name of its handler's kind; a failed one is an error, with
 *                                                   the event local-retry-scheduled where another will follow
 *       json_unmarshal                              where the handler tells how long it read
 *     kafka_send_<topic> (PRODUCER)                 each try to publish its output or its dead letter; the `traceparent` of that record
 *                                                   names this one
 *
 * A job that waits has nothing of this but the time when it was taken. One whose first attempt is its last is told in one go; one that
 * fails has a `struct job_trace` from then on, and its failures are told as they happen. A record without a valid traceparent begins a
 * trace while few do (`record_traces`), or when something of it is kept. A job that is left to somebody else is told only if something of
 * it was told before. */
#pragma once

#include "base/trace.h"
#include "trace/tracer.h"
#include "work/handler.h"

struct delivery;
struct job;
struct publication;
struct run;
struct work;

/* What all jobs of a work share; embedded there. */
struct work_trace {
    struct tracer *tracer;
    struct span_site *process, *wait, *attempt, *parse, *dead, *output;
};

struct job_trace {
    struct trace_context context; /* of process_message */
    uint8_t parent_id[8];         /* zeros: it has none */
    struct text state;            /* the `tracestate` of the record, which lives as long as the job; absent: none */
};

void work_trace_init(struct work *work);

/* An attempt ended, and not well. `rest_us`: another follows after so long; 0: none is set. */
void job_trace_failed(struct job *job, const struct run *run, enum outcome outcome, uint64_t rest_us, uint64_t now_us);

/* Its last attempt ended well, and so does the job. `trace` gets the context of its span; zeros where tracing is off. */
void job_trace_done(const struct job *job, const struct run *run, struct trace_context *trace, uint64_t now_us);

/* Its last attempt ended well, and its output is to be published; that is done, after so many attempts. */
void job_trace_worked(struct job *job, const struct run *run, uint64_t now_us);
void job_trace_passed_on(struct job *job, unsigned attempts, uint64_t now_us);

/* It ended as a dead letter, after so many attempts; or it is left to whoever comes next. */
void job_trace_dead(struct job *job, unsigned attempts, const char *reason, uint64_t now_us);
void job_trace_left(struct job *job);

/* The span of a publication: its context when it is sent, told when its report is there. */
void job_trace_send(struct job *job, struct trace_context *sent);
void job_trace_sent(const struct job *job, const struct publication *publication, const struct delivery *delivery);
