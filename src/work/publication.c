#include "work/publication.h"
#include "work/cut.h"
#include "work/log_place.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <inttypes.h>

/* Until the broker takes it: a publication is never given up, and its record not committed before. */
static const struct retry_policy again_policy = { .base_us = 100000, .max_us = 30000000, .jitter_us = 100000 };

/*   SENDING --report: persisted--> gone, the record is done
 *      | ^      \--never will be--> an output: as a dead letter, at once; that one: as a pointer, at once
 *      | | again
 *      v |
 *   RESTING   transient failure; if the partition is wanted back, the record is left undone instead
 *
 * Exactly once, it waits in the cut, and goes back there. */

static void publish(struct publication *publication, uint64_t now_us);

const struct producer_topic *publication_topic(const struct publication *publication)
{
    const struct work_options *options = &publication->job->partition->work->options;
    return publication->kind == PUBLICATION_OUTPUT ? options->output : options->dead;
}

static const char *name_of(const struct publication *publication)
{
    return publication->kind == PUBLICATION_OUTPUT ? "output" : "dead letter";
}

static struct publication *new_publication(struct job *job, enum publication_kind kind, unsigned attempt, const char *reason)
{
    struct publication *publication = mem_zalloc(sizeof(*publication));
    list_init(&publication->link);
    publication->job = job;
    publication->kind = kind;
    publication->attempt = attempt;
    publication->reason = reason == NULL ? NULL : mem_strdup(reason);
    publication->pointer = job->unreadable;
    job->publication = publication;
    return publication;
}

void publication_free(struct job *job)
{
    struct publication *publication = job->publication;
    if (publication == NULL)
        return;
    refusal_end(publication);
    list_remove(&publication->link);
    mem_free(publication->reason);
    mem_free(publication->trouble);
    mem_free(publication);
    job->publication = NULL;
}

bool publication_is_under_way(const struct job *job)
{
    return job->publication != NULL && job->publication->under_way;
}

/* --- its end --- */

static void say_dead(const struct publication *publication)
{
    const struct job *job = publication->job;
    const struct work *work = job->partition->work;
    struct log_place place;
    log_place_of_job(&place, job);
    log_warn("work", "%s: partition %" PRId32 " offset %" PRId64 " went to %s after %u attempt%s: %s", work->options.stream,
             job->partition->number, job->offset, producer_topic_name(work->options.dead), publication->attempt,
             publication->attempt == 1 ? "" : "s", publication->reason);
    log_scope_end();
}

static void count_dead(struct publication *publication, const struct trace_context *trace, uint64_t now_us)
{
    struct job *job = publication->job;
    struct work *work = job->partition->work;
    say_dead(publication);
    job_trace_dead(job, publication->attempt, publication->reason, now_us);
    work->counts.dead++;
    job->partition->tally->dead++;
    metric_add(work->series.dead, 1);
    metric_add_traced(work->series.dead_stored, 1, trace);
}

static void count_output(struct publication *publication, const struct trace_context *trace, uint64_t now_us)
{
    struct job *job = publication->job;
    struct work *work = job->partition->work;
    job_trace_passed_on(job, publication->attempt, now_us);
    job_count_done(job, now_us);
    metric_add_traced(work->series.outputs, 1, trace);
}

/* What nobody works in the embedded cluster would fill it up. */
static void note_embedded(const struct publication *publication, const struct delivery *delivery)
{
    const struct work_options *options = &publication->job->partition->work->options;
    bool is_worked = publication->kind == PUBLICATION_OUTPUT && options->output_is_worked;
    if (options->target.embedded != NULL && !is_worked)
        embedded_note_done(options->target.embedded, producer_topic_name(publication_topic(publication)), delivery->partition,
                           delivery->offset + 1);
}

void publication_stored(struct publication *publication, const struct delivery *delivery, uint64_t now_us)
{
    struct job *job = publication->job;
    const struct trace_context *trace = job->trace == NULL ? NULL : &job->trace->context;
    job_trace_sent(job, publication, delivery);
    refusal_pass(publication, now_us);
    if (publication->kind == PUBLICATION_OUTPUT)
        count_output(publication, trace, now_us);
    else
        count_dead(publication, trace, now_us);
    note_embedded(publication, delivery);
    if (publication->counted)
        job_committed(job, trace, now_us);
    else
        job_done(job, trace, now_us);
}

/* --- refused --- */

static bool may_wait(const struct partition *partition)
{
    return partition->state == PARTITION_OURS && !partition->work->draining;
}

static void on_again(struct due *due, uint64_t now_us)
{
    publish(list_entry(due, struct job, rest)->publication, now_us);
}

static void send_again(struct publication *publication, uint64_t now_us)
{
    struct job *job = publication->job;
    struct partition *partition = job->partition;
    struct work *work = partition->work;
    refusal_note(publication, now_us);
    uint64_t delay_us = retry_delay_us(&again_policy, publication->tries, &work->random);
    struct log_place place;
    log_place_of_job(&place, job);
    log_warn("work", "%s: the %s of partition %" PRId32 " offset %" PRId64 " is not stored, and sent again in %" PRIu64 " ms: %s",
             work->options.stream, name_of(publication), partition->number, job->offset, delay_us / 1000, publication->trouble);
    log_scope_end();
    if (!may_wait(partition)) {
        job_forget(job);
        return;
    }
    job->rest.on_due = on_again;
    alarm_set(&work->alarm, &job->rest.entry, now_us + delay_us);
}

/* Nobody wants to have it: it is said and let go. */
static void let_go(struct job *job, unsigned attempt, const char *reason, uint64_t now_us)
{
    struct work *work = job->partition->work;
    job_trace_dead(job, attempt, reason, now_us);
    struct log_place place;
    log_place_of_job(&place, job);
    log_error("work", "%s: partition %" PRId32 " offset %" PRId64 " could not be worked and there is no dead letter topic: %s",
              work->options.stream, job->partition->number, job->offset, reason);
    log_scope_end();
    work->counts.dead++;
    job->partition->tally->dead++;
    metric_add(work->series.dead, 1);
    if (job->publication != NULL && job->publication->counted)
        job_committed(job, NULL, now_us);
    else
        job_done(job, NULL, now_us);
}

static bool is_permanent(int code)
{
    return code == E_TOO_LARGE || code == E_INVALID;
}

/* What is left to try with one that the broker will never take. Returns false when that is nothing: then it is gone. */
static bool change(struct publication *publication, uint64_t now_us)
{
    struct job *job = publication->job;
    if (publication->kind == PUBLICATION_DEAD_LETTER) {
        publication->pointer = true;
        return true;
    }
    if (job->partition->work->options.dead == NULL) {
        let_go(job, publication->attempt, publication->trouble, now_us);
        return false;
    }
    refusal_end(publication);
    publication->kind = PUBLICATION_DEAD_LETTER;
    publication->reason = mem_strdup(publication->trouble);
    return true;
}

void publication_refused(struct publication *publication, int code, const char *sentence, uint64_t now_us)
{
    struct work *work = publication->job->partition->work;
    mem_free(publication->trouble);
    publication->trouble = mem_strdup(sentence);
    metric_add(publication->kind == PUBLICATION_OUTPUT ? work->series.output_errors : work->series.dead_errors, 1);
    bool changes = is_permanent(code) && !publication->pointer;
    if (changes && !change(publication, now_us))
        return;
    if (work_is_exactly_once(work))
        cut_put_back(publication);
    else if (changes)
        publish(publication, now_us);
    else
        send_again(publication, now_us);
}

/* --- at least once: by the stream's producer --- */

static void on_report(void *arg, const struct delivery *delivery)
{
    struct publication *publication = arg;
    struct partition *partition = publication->job->partition;
    struct work *work = partition->work;
    uint64_t now_us = clock_us();
    publication->under_way = false;
    partition->sending--;
    work->sending--;
    if (partition->state != PARTITION_LEFT && delivery->status == DELIVERY_PERSISTED) {
        publication_stored(publication, delivery, now_us);
    } else {
        job_trace_sent(publication->job, publication, delivery);
        if (partition->state == PARTITION_LEFT)
            job_forget(publication->job);
        else
            publication_refused(publication, delivery->code, delivery->sentence, now_us);
    }
    work_turn_soon(work);
}

static int hand_over(struct publication *publication, struct error *err)
{
    struct producer_topic *topic = (struct producer_topic *)(uintptr_t)publication_topic(publication);
    struct publication_record record;
    publication_record_init(&record, publication);
    int code = producer_send(&publication->request, topic, &record.record, on_report, publication, err);
    publication_record_free(&record);
    return code;
}

static void publish(struct publication *publication, uint64_t now_us)
{
    struct job *job = publication->job;
    struct error err;
    job_trace_send(job, &publication->sent);
    publication->sent_us = now_us;
    int code = hand_over(publication, &err);
    if (code != 0) {
        const struct delivery refusal = { DELIVERY_NOT_PERSISTED, code, err.message, -1, -1, .latency_us = 0 };
        job_trace_sent(job, publication, &refusal);
        publication_refused(publication, code, err.message, now_us);
        return;
    }
    publication->under_way = true;
    job->partition->sending++;
    job->partition->work->sending++;
}

/* --- its beginning --- */

static void begin(struct publication *publication, uint64_t now_us)
{
    struct job *job = publication->job;
    if (work_is_exactly_once(job->partition->work)) {
        struct partition *partition = job->partition;
        job_leave_lane(job);
        cut_add(publication);
        partition_release(partition); /* the job runs no more */
        return;
    }
    lane_rest(&job->partition->lanes, &job->record);
    intake_account(job->partition);
    publish(publication, now_us);
}

void publication_of_output(struct job *job, unsigned attempt, uint64_t now_us)
{
    begin(new_publication(job, PUBLICATION_OUTPUT, attempt, NULL), now_us);
}

void publication_of_dead(struct job *job, unsigned attempt, const struct error *reason, uint64_t now_us)
{
    if (job->partition->work->options.dead == NULL)
        let_go(job, attempt, reason->message, now_us);
    else
        begin(new_publication(job, PUBLICATION_DEAD_LETTER, attempt, reason->message), now_us);
}
