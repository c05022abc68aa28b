#include "work/dead_letter.h"
#include "work/log_place.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <inttypes.h>

/* Until the broker takes it: a dead letter is never given up, and its record not committed before. */
static const struct retry_policy again_policy = { .base_us = 100000, .max_us = 30000000, .jitter_us = 100000 };

/*   SENDING --report: persisted--> gone, the record is done
 *      | ^      \--never will be--> as a pointer, at once
 *      | | again
 *      v |
 *   RESTING   transient failure; if the partition is wanted back, the record is left undone instead */
struct dead_letter {
    struct producer_send_request request;
    struct job *job;
    struct error reason;
    unsigned attempt;
    unsigned tries;
    struct error trouble; /* why it was not taken */
    struct trace_context sent;
    bool sending;
    bool pointer;
};

static void publish(struct job *job, uint64_t now_us);

static void on_again(struct due *due, uint64_t now_us)
{
    publish(list_entry(due, struct job, rest), now_us);
}

static void send_again(struct job *job, uint64_t now_us, const char *sentence)
{
    struct work *work = job->partition->work;
    struct dead_letter *letter = job->end;
    uint64_t delay_us = retry_delay_us(&again_policy, ++letter->tries, &work->random);
    error_set(&letter->trouble, E_UNAVAILABLE, "%s", sentence);
    metric_add(work->series.dead_errors, 1);
    struct log_place place;
    log_place_of_job(&place, job);
    log_warn("work", "%s: the dead letter of partition %" PRId32 " offset %" PRId64 " is not stored, and sent again in %" PRIu64 " ms: %s",
             work->options.stream, job->partition->number, job->offset, delay_us / 1000, sentence);
    log_scope_end();
    if (job->partition->state != PARTITION_OURS || work->draining) {
        job_forget(job);
        return;
    }
    job->rest.on_due = on_again;
    alarm_set(&work->alarm, &job->rest.entry, now_us + delay_us);
}

static bool is_permanent(int code)
{
    return code == E_TOO_LARGE || code == E_INVALID;
}

static void say_dead(const struct job *job)
{
    const struct work *work = job->partition->work;
    const struct dead_letter *letter = job->end;
    struct log_place place;
    log_place_of_job(&place, job);
    log_warn("work", "%s: partition %" PRId32 " offset %" PRId64 " went to %s after %u attempt%s: %s", work->options.stream,
             job->partition->number, job->offset, producer_topic_name(work->options.dead), letter->attempt, letter->attempt == 1 ? "" : "s",
             letter->reason.message);
    log_scope_end();
}

static void on_stored(struct job *job, const struct delivery *delivery, uint64_t now_us)
{
    struct work *work = job->partition->work;
    const struct trace_context *trace = job->trace == NULL ? NULL : &job->trace->context;
    say_dead(job);
    job_trace_dead(job, job->end->attempt, job->end->reason.message, now_us);
    work->counts.dead++;
    job->partition->tally->dead++;
    metric_add(work->series.dead, 1);
    metric_add_traced(work->series.dead_stored, 1, trace);
    /* Nobody works the embedded cluster's dead letters: without this they would fill it up. */
    if (work->options.target.embedded != NULL)
        embedded_note_done(work->options.target.embedded, producer_topic_name(work->options.dead), delivery->partition,
                           delivery->offset + 1);
    job_done(job, trace, now_us);
}

static void on_refused(struct job *job, int code, const char *sentence, uint64_t now_us)
{
    struct dead_letter *letter = job->end;
    if (is_permanent(code) && !letter->pointer) {
        letter->pointer = true;
        publish(job, now_us);
    } else {
        send_again(job, now_us, sentence);
    }
}

static void on_report(void *arg, const struct delivery *delivery)
{
    struct dead_letter *letter = arg;
    struct job *job = letter->job;
    struct partition *partition = job->partition;
    struct work *work = partition->work;
    uint64_t now_us = clock_us();
    letter->sending = false;
    partition->sending--;
    work->sending--;
    job_trace_sent(job, &letter->sent, letter->request.sent_us, delivery);
    if (partition->state == PARTITION_LEFT)
        job_forget(job);
    else if (delivery->status == DELIVERY_PERSISTED)
        on_stored(job, delivery, now_us);
    else
        on_refused(job, delivery->code, delivery->sentence, now_us);
    work_turn_soon(work);
}

static void publish(struct job *job, uint64_t now_us)
{
    struct dead_letter *letter = job->end;
    struct work *work = job->partition->work;
    struct dead_letter_record record;
    struct error err;
    job_trace_send(job, &letter->sent);
    dead_letter_record_init(&record, job, &letter->sent, letter->attempt, letter->reason.message, letter->pointer);
    record.record.trace = &letter->sent;
    int code = producer_send(&letter->request, work->options.dead, &record.record, on_report, letter, &err);
    dead_letter_record_free(&record);
    if (code != 0) {
        const struct delivery refusal = { DELIVERY_NOT_PERSISTED, code, err.message, -1, -1, .latency_us = 0 };
        job_trace_sent(job, &letter->sent, letter->request.sent_us, &refusal);
        on_refused(job, code, err.message, now_us);
        return;
    }
    letter->sending = true;
    job->partition->sending++;
    work->sending++;
}

/* Nobody wants to have it: it is said and let go. */
static void let_go(struct job *job, unsigned attempt, const struct error *reason, uint64_t now_us)
{
    struct work *work = job->partition->work;
    job_trace_dead(job, attempt, reason->message, now_us);
    struct log_place place;
    log_place_of_job(&place, job);
    log_error("work", "%s: partition %" PRId32 " offset %" PRId64 " could not be worked and there is no dead letter topic: %s",
              work->options.stream, job->partition->number, job->offset, reason->message);
    log_scope_end();
    work->counts.dead++;
    job->partition->tally->dead++;
    metric_add(work->series.dead, 1);
    job_done(job, NULL, now_us);
}

void dead_letter_begin(struct job *job, unsigned attempt, const struct error *reason, uint64_t now_us)
{
    if (job->partition->work->options.dead == NULL) {
        let_go(job, attempt, reason, now_us);
        return;
    }
    struct dead_letter *letter = mem_zalloc(sizeof(*letter));
    letter->job = job;
    letter->reason = *reason;
    letter->attempt = attempt;
    letter->pointer = job->unreadable;
    job->end = letter;
    lane_rest(&job->partition->lanes, &job->record);
    intake_account(job->partition);
    publish(job, now_us);
}

void dead_letter_free(struct job *job)
{
    mem_free(job->end);
    job->end = NULL;
}

bool dead_letter_is_sending(const struct job *job)
{
    return job->end != NULL && job->end->sending;
}

const char *dead_letter_trouble(const struct job *job)
{
    return job->end->trouble.message;
}
