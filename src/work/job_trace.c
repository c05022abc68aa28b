#include "work/job_trace.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "base/trace_state.h"
#include "io/kafka/producer_span.h"
#include "work/publication.h"

/* --- the sites: names and attributes of OpenTelemetry's semantic conventions for messaging and for Kafka, beside our own --- */

enum process_value { PARTITION, OFFSET, KEY, BODY_SIZE, ATTEMPTS, OUTCOME, ERROR_TYPE, PROCESS_VALUES };

static const char *const process_keys[PROCESS_VALUES] = {
    [PARTITION] = "messaging.destination.partition.id",
    [OFFSET] = "messaging.kafka.offset",
    [KEY] = "messaging.kafka.message.key",
    [BODY_SIZE] = "messaging.message.body.size",
    [ATTEMPTS] = "millrace.attempts",
    [OUTCOME] = "millrace.outcome",
    [ERROR_TYPE] = "error.type",
};

enum attempt_value { ATTEMPT_NUMBER, ATTEMPT_OUTCOME, ATTEMPT_ERROR_TYPE, ATTEMPT_VALUES };

static const char *const attempt_keys[ATTEMPT_VALUES] = {
    [ATTEMPT_NUMBER] = "millrace.attempt",
    [ATTEMPT_OUTCOME] = "millrace.outcome",
    [ATTEMPT_ERROR_TYPE] = "error.type",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct span_site *process_site(const struct work *work)
{
    const struct span_constant constants[] = {
        { "messaging.system", span_text(TEXT("kafka")) },
        { "messaging.operation.name", span_text(TEXT("process")) },
        { "messaging.operation.type", span_text(TEXT("process")) },
        { "messaging.destination.name", span_text(text_of(work->options.topic)) },
        { "messaging.consumer.group.name", span_text(text_of(work->config->group)) },
        { "messaging.client.id", span_text(text_of(work->options.target.config->client_id)) },
    };
    return tracer_site(work->trace.tracer, "process_message", SPAN_CONSUMER, constants, COUNT(constants), process_keys, PROCESS_VALUES);
}

void work_trace_init(struct work *work)
{
    struct work_trace *trace = &work->trace;
    struct tracer *tracer = work->options.tracer;
    trace->tracer = tracer;
    trace->process = process_site(work);
    trace->wait = tracer_site(tracer, "lane_wait", SPAN_INTERNAL, NULL, 0, NULL, 0);
    trace->attempt = tracer_site(tracer, work->handler->span, SPAN_INTERNAL, NULL, 0, attempt_keys, ATTEMPT_VALUES);
    trace->parse = tracer_site(tracer, "json_unmarshal", SPAN_INTERNAL, NULL, 0, NULL, 0);
    if (work->options.dead != NULL)
        trace->dead = producer_span_site(tracer, work->options.dead);
    if (work->options.output != NULL)
        trace->output = producer_span_site(tracer, work->options.output);
}

static const struct work_trace *shared_by(const struct job *job)
{
    return &job->partition->work->trace;
}

/* --- the trace that a job belongs to --- */

static bool read_parent(const struct job *job, struct trace_context *parent)
{
    for (size_t i = 0; i < job->header_count; i++)
        if (text_is_nocase(job->headers[i].name, "traceparent") && trace_parse(parent, job->headers[i].value))
            return true;
    return false;
}

/* As it stands there: a list that is whole goes along, anything else is nobody's. */
static struct text read_state(const struct job *job)
{
    for (size_t i = 0; i < job->header_count; i++) {
        if (!text_is_nocase(job->headers[i].name, "tracestate"))
            continue;
        struct text value = job->headers[i].value;
        struct trace_state state = { .size = 0 };
        return value.size <= TRACE_STATE_MAX && trace_state_add(&state, value) ? value : TEXT_NONE;
    }
    return TEXT_NONE;
}

/* Returns whether there is a trace; if not, `trace` is zeros. */
static bool begin(const struct job *job, struct job_trace *trace, uint64_t now_us)
{
    struct trace_context parent;
    bool goes_on = read_parent(job, &parent);
    *trace = (struct job_trace){ .state = goes_on ? read_state(job) : TEXT_NONE };
    if (goes_on)
        memcpy(trace->parent_id, parent.span_id, sizeof(trace->parent_id));
    return tracer_begin_record(shared_by(job)->tracer, &trace->context, goes_on ? &parent : NULL, now_us);
}

/* From its first failure on it has to be remembered: spans that are told have named its span as their parent. */
static const struct job_trace *remembered(struct job *job)
{
    if (job->trace == NULL) {
        job->trace = mem_alloc(sizeof(*job->trace));
        if (!begin(job, job->trace, clock_us()))
            tracer_begin_late(shared_by(job)->tracer, &job->trace->context);
    }
    return job->trace;
}

/* --- one span each --- */

/* A span below `parent`, without times. */
static struct span child(const struct work_trace *shared, struct span_site *site, const struct trace_context *parent, struct text state,
                         bool notable)
{
    struct span span = { .site = site, .trace_state = state, .notable = notable };
    tracer_begin(shared->tracer, &span.context, parent);
    memcpy(span.parent_id, parent->span_id, sizeof(span.parent_id));
    return span;
}

static void tell_interval(const struct work_trace *shared, struct span_site *site, const struct span *parent, uint64_t from_us,
                          uint64_t until_us)
{
    struct span span = child(shared, site, &parent->context, parent->trace_state, parent->notable);
    span.started_us = from_us;
    span.ended_us = until_us;
    tracer_add(shared->tracer, &span);
}

static void tell_attempt(const struct work_trace *shared, const struct run *run, struct span *span, enum outcome outcome, uint64_t now_us)
{
    const struct attempt *attempt = &run->attempt;
    span->started_us = run->attempt.started_us;
    span->ended_us = now_us;
    span->values[ATTEMPT_NUMBER] = span_int(attempt->number);
    span->values[ATTEMPT_OUTCOME] = span_text(text_of(outcome_name(outcome)));
    tracer_add(shared->tracer, span);
    if (attempt->read_until_us != 0)
        tell_interval(shared, shared->parse, span, attempt->read_from_us, attempt->read_until_us);
}

/* The local root and the wait, which are known in full only now. */
static void tell_job(const struct job *job, const struct job_trace *trace, bool notable, unsigned attempts, const char *outcome,
                     const char *reason, uint64_t now_us)
{
    const struct work_trace *shared = shared_by(job);
    char partition[DECIMAL_SIZE];
    struct span span = {
        .site = shared->process,
        .context = trace->context,
        .trace_state = trace->state,
        .parent_is_remote = true,
        .started_us = job->taken_us,
        .ended_us = now_us,
        .notable = notable,
        .values = {
            [PARTITION] = span_text(decimal_text(partition, (uint64_t)job->partition->number)),
            [OFFSET] = span_int(job->offset),
            [KEY] = span_text(job->record.key),
            [BODY_SIZE] = span_int((int64_t)job->value.size),
            [ATTEMPTS] = span_int(attempts),
            [OUTCOME] = span_text(text_of(outcome)),
        },
    };
    memcpy(span.parent_id, trace->parent_id, sizeof(span.parent_id));
    if (reason != NULL) {
        span.status = SPAN_STATUS_ERROR;
        span.status_message = text_of(reason);
        span.values[ERROR_TYPE] = span_text(text_of(outcome));
    }
    tracer_add(shared->tracer, &span);
    tell_interval(shared, shared->wait, &span, job->taken_us, job->began_us);
}

/* --- what happens to a job --- */

void job_trace_done(const struct job *job, const struct run *run, struct trace_context *context, uint64_t now_us)
{
    const struct work_trace *shared = shared_by(job);
    struct job_trace trace = { .parent_id = { 0 } };
    bool begun = job->trace != NULL;
    if (begun)
        trace = *job->trace;
    else if (tracer_is_on(shared->tracer))
        begun = begin(job, &trace, now_us);
    enum trace_fate fate = tracer_keeps(shared->tracer, shared->process, &trace.context, job->trace != NULL, job->taken_us, now_us);
    if (fate != TRACE_FORGOTTEN && !begun)
        tracer_begin_late(shared->tracer, &trace.context);
    *context = trace.context;
    if (fate == TRACE_FORGOTTEN)
        return;
    bool notable = fate == TRACE_NOTABLE;
    struct span attempt = child(shared, shared->attempt, context, trace.state, notable);
    tell_attempt(shared, run, &attempt, OUTCOME_DONE, now_us);
    tell_job(job, &trace, notable, job->failures + 1, outcome_name(OUTCOME_DONE), NULL, now_us);
}

void job_trace_failed(struct job *job, const struct run *run, enum outcome outcome, uint64_t rest_us, uint64_t now_us)
{
    const struct work_trace *shared = shared_by(job);
    if (!tracer_is_on(shared->tracer))
        return;
    const struct job_trace *trace = remembered(job);
    if (tracer_keeps_failure(shared->tracer, &trace->context) == TRACE_FORGOTTEN)
        return;
    static const char *const keys[] = { "next_attempt", "sleep_ms", "error" };
    struct text reason = text_of(run->attempt.reason.message);
    const struct span_value values[] = { span_int(run->attempt.number + 1), span_int((int64_t)(rest_us / 1000)), span_text(reason) };
    const struct span_event retry = { "local-retry-scheduled", now_us, keys, values, COUNT(values) };

    struct span attempt = child(shared, shared->attempt, &trace->context, trace->state, true);
    attempt.status = SPAN_STATUS_ERROR;
    attempt.status_message = reason;
    attempt.values[ATTEMPT_ERROR_TYPE] = span_text(text_of(outcome_name(outcome)));
    attempt.events = &retry;
    attempt.event_count = rest_us > 0;
    tell_attempt(shared, run, &attempt, outcome, now_us);
}

void job_trace_worked(struct job *job, const struct run *run, uint64_t now_us)
{
    const struct work_trace *shared = shared_by(job);
    if (!tracer_is_on(shared->tracer) || !trace_is_sampled(&remembered(job)->context))
        return;
    struct span attempt = child(shared, shared->attempt, &job->trace->context, job->trace->state, false);
    tell_attempt(shared, run, &attempt, OUTCOME_DONE, now_us);
}

static void end(struct job *job, bool failed, unsigned attempts, const char *outcome, const char *reason, uint64_t now_us)
{
    const struct work_trace *shared = shared_by(job);
    const struct job_trace *trace = remembered(job);
    enum trace_fate fate = tracer_keeps(shared->tracer, shared->process, &trace->context, failed, job->taken_us, now_us);
    if (fate != TRACE_FORGOTTEN)
        tell_job(job, trace, fate == TRACE_NOTABLE, attempts, outcome, reason, now_us);
}

void job_trace_dead(struct job *job, unsigned attempts, const char *reason, uint64_t now_us)
{
    if (tracer_is_on(shared_by(job)->tracer))
        end(job, true, attempts, "dead", reason, now_us);
}

void job_trace_passed_on(struct job *job, unsigned attempts, uint64_t now_us)
{
    if (tracer_is_on(shared_by(job)->tracer))
        end(job, job->failures > 0, attempts, outcome_name(OUTCOME_DONE), NULL, now_us);
}

void job_trace_left(struct job *job)
{
    if (job->trace != NULL && tracer_is_on(shared_by(job)->tracer))
        end(job, true, job->failures, "left", NULL, clock_us());
}

/* --- publications --- */

void job_trace_send(struct job *job, struct trace_context *sent)
{
    tracer_begin(shared_by(job)->tracer, sent, &remembered(job)->context);
}

void job_trace_sent(const struct job *job, const struct publication *publication, const struct delivery *delivery)
{
    const struct work_trace *shared = shared_by(job);
    bool output = publication->kind == PUBLICATION_OUTPUT;
    bool notable = !output || delivery->code != 0;
    bool kept = notable ? tracer_keeps_failure(shared->tracer, &publication->sent) != TRACE_FORGOTTEN
                        : tracer_is_on(shared->tracer) && trace_is_sampled(&publication->sent);
    if (!kept)
        return;
    struct span span = {
        .site = output ? shared->output : shared->dead,
        .context = publication->sent,
        .trace_state = job->trace->state,
        .notable = notable,
    };
    memcpy(span.parent_id, job->trace->context.span_id, sizeof(span.parent_id));
    producer_span_tell(shared->tracer, &span, publication->sent_us, delivery);
}
