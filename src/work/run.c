#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/log_place.h"
#include "work/work_parts.h"

#include <inttypes.h>

/* While what the handler needs is away: the next attempt, alone, after this. */
static const struct retry_policy unavailable_policy = { .base_us = 100000, .max_us = 10000000, .jitter_us = 100000 };

/* --- runs are used again, not freed: one is needed for each attempt --- */

static void on_timeout(struct due *due, uint64_t now_us);

static struct run *make_run(const struct work *work)
{
    struct run *run = mem_zalloc(sizeof(*run) + work->handler->own_bytes);
    run->timeout.on_due = on_timeout;
    run->attempt.topic = work->options.topic;
    run->attempt.own = run->own;
    return run;
}

static struct run *new_run(struct work *work)
{
    struct list *link = list_pop(&work->idle_runs);
    struct run *run = link != NULL ? list_entry(link, struct run, link) : make_run(work);
    list_init(&run->link);
    run->had_grace = run->overdue = run->stuck = run->cut = false;
    return run;
}

static void prepare(struct run *run, struct job *job, uint64_t now_us)
{
    const struct partition *partition = job->partition;
    run->job = job;
    job->run = run;
    if (job->began_us == 0)
        job->began_us = now_us;

    struct attempt *attempt = &run->attempt;
    attempt->partition = partition->number;
    attempt->offset = job->offset;
    attempt->timestamp_ms = job->timestamp_ms;
    attempt->key = job->record.key;
    attempt->value = job->value;
    attempt->headers = job->headers;
    attempt->header_count = job->header_count;
    attempt->number = job->failures + 1;
    attempt->started_us = now_us;
    attempt->read_until_us = 0;
    attempt->reason.message[0] = '\0';
}

/* --- what an outcome means --- */

static bool may_wait(const struct job *job)
{
    return job->partition->state == PARTITION_OURS && !job->partition->work->draining;
}

static void on_done(struct run *run, uint64_t now_us)
{
    struct job *job = run->job;
    if (job->partition->work->options.output != NULL) {
        job_trace_worked(job, run, now_us);
        publication_of_output(job, job->failures + 1, now_us);
        return;
    }
    job_count_done(job, now_us);
    struct trace_context trace;
    job_trace_done(job, run, &trace, now_us);
    job_done(job, &trace, now_us);
}

static void on_rested(struct due *due, uint64_t now_us)
{
    struct job *job = list_entry(due, struct job, rest);
    struct partition *partition = job->partition;
    lane_wake(&partition->lanes, &job->record);
    schedule_add(&partition->schedule, &job->entry);
    intake_account(partition);
    work_turn_soon(partition->work);
}

static void rest(struct job *job, uint64_t until_us)
{
    struct work *work = job->partition->work;
    work->counts.retries++;
    metric_add(work->series.retries, 1);
    lane_rest(&job->partition->lanes, &job->record);
    intake_account(job->partition);
    job->rest.on_due = on_rested;
    alarm_set(&work->alarm, &job->rest.entry, until_us);
}

static void on_failed(struct run *run, uint64_t now_us)
{
    struct job *job = run->job;
    struct work *work = job->partition->work;
    uint64_t delay_us;
    job->failures++;
    bool again = retry_next(&work->retry, job->failures, &work->random, &delay_us);
    job_trace_failed(job, run, OUTCOME_FAILED, again && may_wait(job) ? delay_us : 0, now_us);
    if (!again)
        publication_of_dead(job, job->failures, &run->attempt.reason, now_us);
    else if (may_wait(job))
        rest(job, now_us + delay_us);
    else
        job_forget(job);
}

static void on_rejected(struct run *run, uint64_t now_us)
{
    job_trace_failed(run->job, run, OUTCOME_REJECTED, 0, now_us);
    publication_of_dead(run->job, run->job->failures + 1, &run->attempt.reason, now_us);
}

/* Not the record's fault: it keeps its place, and nothing is counted. */
static void on_unavailable(struct run *run, uint64_t now_us)
{
    struct job *job = run->job;
    job_trace_failed(job, run, OUTCOME_UNAVAILABLE, 0, now_us);
    if (!may_wait(job)) {
        job_forget(job);
        return;
    }
    lane_put_back(&job->partition->lanes, &job->record);
    intake_account(job->partition);
    schedule_add(&job->partition->schedule, &job->entry);
}

static void (*const outcomes[])(struct run *run, uint64_t now_us) = {
    [OUTCOME_DONE] = on_done,
    [OUTCOME_FAILED] = on_failed,
    [OUTCOME_REJECTED] = on_rejected,
    [OUTCOME_UNAVAILABLE] = on_unavailable,
};

/* --- what the handler needs: there, or away ---
 *
 *   THERE --an attempt ends unavailable--> AWAY: nothing starts --pause over--> one attempt is let through, the probe
 *     ^                                      ^                                      |
 *     +-- any other end ---------------------+------------------- unavailable ------+
 *
 * Whatever becomes of the record: a probe whose partition is given back meanwhile is answered too. */

static void on_probe(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, probe_due);
    work_let_go(work, HOLD_UNAVAILABLE);
}

static void note_away(struct work *work, const struct error *reason, uint64_t now_us)
{
    work_hold(work, HOLD_UNAVAILABLE);
    work->away = *reason;
    if (agenda_has(&work->probe_due.entry))
        return;
    work->unavailable++;
    alarm_set(&work->alarm, &work->probe_due.entry, now_us + retry_delay_us(&unavailable_policy, work->unavailable, &work->random));
    struct log_place place;
    log_place_of_work(&place, work);
    log_warn("work", "%s: what it needs is away, and it waits: %s", work->options.stream, reason->message);
    log_scope_end();
}

static void note_there(struct work *work)
{
    if (work->unavailable == 0)
        return;
    work->unavailable = 0;
    alarm_unset(&work->alarm, &work->probe_due.entry);
    work_let_go(work, HOLD_UNAVAILABLE);
    struct log_place place;
    log_place_of_work(&place, work);
    log_info("work", "%s: what it needs is there again", work->options.stream);
    log_scope_end();
}

/* --- an attempt, from its start to its end --- */

static void end_run(struct run *run, enum outcome outcome, uint64_t now_us)
{
    struct job *job = run->job;
    struct work *work = job->partition->work;
    alarm_unset(&work->alarm, &run->timeout.entry);
    job->run = NULL;
    if (run->overdue)
        stuck_end(run);
    work->running--;
    schedule_release(work->slots);
    work->counts.attempts++;
    metric_add(work->series.attempts[outcome], 1);
    metric_observe(work->series.attempt_duration, (double)(now_us - run->attempt.started_us) / 1e6);
    if (run->overdue && outcome != OUTCOME_DONE)
        error_set(&run->attempt.reason, E_CANCELED, "the attempt took longer than its timeout of %" PRIu64 " ms",
                  work->config->timeout_us / 1000);
    if (outcome == OUTCOME_UNAVAILABLE)
        note_away(work, &run->attempt.reason, now_us);
    else
        note_there(work);

    /* What was cut short has not failed: whoever comes next does it. */
    if (job->partition->state == PARTITION_LEFT || (run->cut && outcome != OUTCOME_DONE))
        job_forget(job);
    else
        outcomes[outcome](run, now_us);
    list_push_front(&work->idle_runs, &run->link);
}

void attempt_end(struct attempt *attempt, enum outcome outcome, uint64_t now_us)
{
    struct run *run = list_entry(attempt, struct run, attempt);
    struct work *work = run->job->partition->work;
    end_run(run, outcome, now_us);
    work_turn_soon(work);
}

/* Step by step, for where one thing lies is known once the one before it is here. */
void attempts_end_soon(struct attempt *const *attempts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct run *run = list_entry(attempts[i], struct run, attempt);
        __builtin_prefetch(&run->attempt.started_us, 1);
        __builtin_prefetch(&run->job, 1);
    }
    for (size_t i = 0; i < count; i++)
        job_fetch(list_entry(attempts[i], struct run, attempt)->job);
    for (size_t i = 0; i < count; i++) {
        const struct job *job = list_entry(attempts[i], struct run, attempt)->job;
        lane_fetch(&job->record);
        offsets_fetch(&job->partition->offsets, job->place);
    }
}

static enum outcome begin(struct work *work, struct job *job)
{
    if (!job->unreadable)
        return work->handler->start(work->handler_state, &job->run->attempt);
    error_set(&job->run->attempt.reason, E_TOO_LARGE, "there was no memory for its %" PRIu32 " bytes", job->size_bytes);
    return OUTCOME_REJECTED;
}

void run_start(struct job *job, uint64_t now_us)
{
    struct work *work = job->partition->work;
    struct run *run = new_run(work);
    lane_start(&job->partition->lanes, &job->record);
    intake_account(job->partition);
    prepare(run, job, now_us);
    work->running++;
    if (work->unavailable > 0)
        work_hold(work, HOLD_UNAVAILABLE); /* one at a time, until one comes through */

    enum outcome outcome = begin(work, job);
    if (outcome != OUTCOME_PENDING)
        end_run(run, outcome, now_us);
    else if (work->config->timeout_us > 0)
        alarm_set(&work->alarm, &run->timeout.entry, now_us + work->config->timeout_us);
}

/* --- ends that are asked for --- */

/* When the loop stood still (a long turn, a process that was stopped), it hears of timeouts and ends at once, and in any order. What
 * ended in its own time has ended, so a timeout that comes late waits once for ends that were due before it: until the next turn, and
 * for as long as it was late itself, which threads that stood still too need to come to their ends; no longer than a second. */
#define LATE_GRACE_US 1000000

static uint64_t grace_us(const struct run *run, uint64_t timeout_us, uint64_t now_us)
{
    uint64_t late_us = now_us - run->attempt.started_us - timeout_us;
    return late_us < LATE_GRACE_US ? late_us + 1 : LATE_GRACE_US;
}

static void on_timeout(struct due *due, uint64_t now_us)
{
    struct run *run = list_entry(due, struct run, timeout);
    struct work *work = run->job->partition->work;
    if (run->had_grace) {
        stuck_begin(run);
        return;
    }
    run->had_grace = true;
    alarm_set(&work->alarm, &run->timeout.entry, now_us + grace_us(run, work->config->timeout_us, now_us));
}

void run_cancel_all(struct partition *partition)
{
    const struct work *work = partition->work;
    list_each(link, &partition->jobs) {
        struct job *job = list_entry(link, struct job, link);
        if (job->run == NULL)
            continue;
        job->run->cut = true;
        work->handler->cancel(work->handler_state, &job->run->attempt);
    }
}

void run_init(struct work *work)
{
    list_init(&work->idle_runs);
    list_init(&work->overdue);
    work->probe_due.on_due = on_probe;
}

void run_close(struct work *work)
{
    for (struct list *link; (link = list_pop(&work->idle_runs)) != NULL;)
        mem_free(list_entry(link, struct run, link));
}
