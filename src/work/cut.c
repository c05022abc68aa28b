#include "work/cut.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/log_place.h"

#include <inttypes.h>

/* Of the window, by records or by bytes. */
#define LARGE_PART 4

/* A cut under way. */
struct round {
    struct work *work;
    struct transaction_record *records; /* of the publication of the same place, like the contents */
    struct publication_record *contents;
    struct publication **publications;
    size_t count;
    size_t commits;
    consumer_commit_cb done;
    void *arg;
};

/* --- filling up --- */

bool cut_is_large(const struct work *work)
{
    return work->cut_count * LARGE_PART >= work->records.limit || work->cut_bytes * LARGE_PART >= work->bytes.limit;
}

static void account(struct publication *publication, bool comes)
{
    struct partition *partition = publication->job->partition;
    struct work *work = partition->work;
    work->cut_count += comes ? 1 : -(size_t)1;
    work->cut_bytes += comes ? publication->job->size_bytes : -(size_t)publication->job->size_bytes;
}

void cut_add(struct publication *publication)
{
    struct work *work = publication->job->partition->work;
    list_push(&work->cut, &publication->link);
    account(publication, true);
    if (cut_is_large(work))
        commit_soon(work);
}

void cut_put_back(struct publication *publication)
{
    list_push_front(&publication->job->partition->work->cut, &publication->link);
    account(publication, true);
}

static void take_out(struct publication *publication)
{
    list_remove(&publication->link);
    account(publication, false);
}

size_t cut_under_way(const struct work *work)
{
    return work->round == NULL ? 0 : work->round->count;
}

void cut_forget(struct partition *partition)
{
    list_each(link, &partition->work->cut) {
        struct publication *publication = list_entry(link, struct publication, link);
        if (publication->job->partition != partition)
            continue;
        take_out(publication);
        job_trace_left(publication->job);
        job_free(publication->job);
    }
}

void cut_count(struct work *work)
{
    uint64_t now_us = clock_us();
    list_each(link, &work->cut) {
        struct publication *publication = list_entry(link, struct publication, link);
        if (!publication->counted)
            job_count_offset(publication->job, now_us);
        publication->counted = true;
    }
}

/* --- its end --- */

static void free_round(struct round *round)
{
    for (size_t i = 0; i < round->count; i++)
        publication_record_free(&round->contents[i]);
    mem_free(round->records);
    mem_free(round->contents);
    mem_free(round->publications);
    mem_free(round);
}

static void on_committed(struct round *round, uint64_t now_us)
{
    for (size_t i = 0; i < round->count; i++) {
        round->records[i].delivery.latency_us = now_us - round->publications[i]->sent_us;
        publication_stored(round->publications[i], &round->records[i].delivery, now_us);
    }
}

static bool is_refused(const struct transaction_record *record)
{
    return record->delivery.code == E_TOO_LARGE || record->delivery.code == E_INVALID;
}

static bool exceeds_its_topic(const struct transaction_record *record)
{
    return record->batch_max > 0 && record->record.value.size > record->batch_max;
}

/* A broker refuses a whole batch for one record that is too large: its neighbours are tried again without it. */
static bool is_rather_refused(const struct transaction_record *other, const struct transaction_record *record)
{
    if (other->delivery.code != E_TOO_LARGE || other->topic != record->topic)
        return false;
    size_t size = record->record.value.size, other_size = other->record.value.size;
    return exceeds_its_topic(other) || other_size > size || (other_size == size && other < record);
}

/* Surely too large is what is larger than its topic takes; where that is not known, or nothing is, the largest. */
static bool is_refused_for_good(const struct round *round, size_t at)
{
    const struct transaction_record *record = &round->records[at];
    if (record->delivery.code != E_TOO_LARGE || exceeds_its_topic(record))
        return is_refused(record);
    for (size_t i = 0; i < round->count; i++) {
        if (i != at && is_rather_refused(&round->records[i], record))
            return false;
    }
    return true;
}

static void go_back(const struct round *round, size_t at, uint64_t now_us)
{
    struct publication *publication = round->publications[at];
    const struct delivery *delivery = &round->records[at].delivery;
    if (publication->job->partition->state == PARTITION_LEFT) {
        job_leave(publication->job);
    } else if (is_refused_for_good(round, at)) {
        round->work->aborts = 0; /* without it the next one has a better chance, and comes soon */
        publication_refused(publication, delivery->code, delivery->sentence, now_us);
    } else {
        cut_put_back(publication);
    }
}

/* The last one first, since each goes to the front. */
static void on_aborted(struct round *round, uint64_t now_us)
{
    for (size_t i = round->count; i-- > 0;)
        go_back(round, i, now_us);
}

static void doubt_all(struct list *partitions)
{
    list_each(link, partitions)
        list_entry(link, struct partition, link)->unsure = true;
}

static void on_unknown(struct round *round, const char *sentence)
{
    struct work *work = round->work;
    doubt_all(&work->partitions);
    doubt_all(&work->giving_up);
    for (size_t i = 0; i < round->count; i++)
        job_leave(round->publications[i]->job);
    if (work->consumer != NULL)
        consumer_read_anew(work->consumer, sentence);
}

static void tell_commit(const struct round *round, const struct transaction_result *result)
{
    int *codes = mem_alloc((round->commits + 1) * sizeof(*codes));
    for (size_t i = 0; i < round->commits; i++)
        codes[i] = result->code;
    round->done(round->arg, codes, result->sentence);
    mem_free(codes);
}

static void note(struct work *work, const struct transaction_result *result, uint64_t now_us)
{
    metric_add(work->series.transactions[result->end], 1);
    metric_observe(work->series.transaction_duration, (double)(now_us - work->round_us) / 1e6);
}

static void on_end(void *arg, const struct transaction_result *result)
{
    struct round *round = arg;
    struct work *work = round->work;
    uint64_t now_us = clock_us();
    struct log_place place;
    log_place_of_work(&place, work);
    note(work, result, now_us);
    for (size_t i = 0; i < round->count; i++)
        round->publications[i]->under_way = false;
    if (result->end == TRANSACTION_COMMITTED)
        on_committed(round, now_us);
    else if (result->end == TRANSACTION_ABORTED)
        on_aborted(round, now_us);
    else
        on_unknown(round, result->sentence);
    work->round = NULL; /* not before: the end of a job would begin the next one, without what is counted and not put back yet */
    tell_commit(round, result);
    log_scope_end();
    free_round(round);
    work_turn_soon(work);
}

/* --- under way --- */

static void fill(struct round *round, struct publication *publication, uint64_t now_us)
{
    size_t at = round->count++;
    job_trace_send(publication->job, &publication->sent);
    publication->sent_us = now_us;
    publication_record_init(&round->contents[at], publication);
    round->publications[at] = publication;
    round->records[at] = (struct transaction_record){
        .topic = producer_topic_name(publication_topic(publication)),
        .record = round->contents[at].record,
        .batch_max = producer_topic_batch_bytes_max(publication_topic(publication)),
    };
}

static struct round *make_round(struct work *work)
{
    struct round *round = mem_zalloc(sizeof(*round));
    uint64_t now_us = clock_us();
    round->work = work;
    round->records = mem_alloc((work->cut_count + 1) * sizeof(*round->records));
    round->contents = mem_alloc((work->cut_count + 1) * sizeof(*round->contents));
    round->publications = mem_alloc((work->cut_count + 1) * sizeof(struct publication *));
    list_each(link, &work->cut)
        fill(round, list_entry(link, struct publication, link), now_us);
    return round;
}

/* A topic that is not there would be waited for until the transaction's timeout. */
static bool topics_are_there(const struct round *round, struct error *err)
{
    for (size_t i = 0; i < round->count; i++) {
        if (!producer_topic_present(publication_topic(round->publications[i]), err))
            return false;
    }
    return true;
}

int cut_commit(struct work *work, const struct consumer_commit *commits, size_t count, consumer_commit_cb done, void *arg,
               struct error *err)
{
    if (!transactor_ready(work->transactor, err))
        return E_UNAVAILABLE;
    struct round *round = make_round(work);
    round->commits = count;
    round->done = done;
    round->arg = arg;
    if (!topics_are_there(round, err) ||
        transactor_run(work->transactor, round->records, round->count, work->consumer, commits, count, on_end, round, err) != 0) {
        free_round(round);
        return E_UNAVAILABLE;
    }
    work->round = round;
    work->round_us = clock_us();
    for (size_t i = 0; i < round->count; i++) {
        round->publications[i]->under_way = true;
        take_out(round->publications[i]);
    }
    return 0;
}
