/* A transaction from its beginning to its end, in the calls that wait for brokers.
 *
 *   claim   the id: init_transactions, again and again
 *   run     begin, send, offsets, commit --ok--------------------------> COMMITTED
 *                                        --librdkafka asks for an abort,
 *                                          or not all is acknowledged-----> abort --ok--> ABORTED
 *                                        --fatal, or no answer in time---------------> UNKNOWN, and another handle
 *
 * A commit that was asked for and not answered may have been heard: it is asked for again (which is the same one), and when nobody
 * answers at all, nothing is said about it. Each call is short, so that the end of the process is not waited for long. */
#include "base/clock.h"
#include "base/log.h"
#include "core/retry.h"
#include "io/kafka/transactor_parts.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND_US     UINT64_C(1000000)
#define CALL_US       SECOND_US       /* one call, which can be gone on with by another */
#define OFFSETS_US    (3 * SECOND_US) /* the one that cannot */
#define GRACE_US      (3 * SECOND_US) /* beyond the timeout, for an end that is asked for already */
#define LOOK_AGAIN_US (SECOND_US / 5)

static const struct retry_policy pauses = { .base_us = SECOND_US, .max_us = 60 * SECOND_US, .jitter_us = SECOND_US };

/* --- errors --- */

struct trouble transactor_trouble_of(rd_kafka_error_t *error)
{
    struct trouble trouble = { .code = rd_kafka_error_code(error) };
    if (error == NULL)
        return trouble;
    trouble.again = rd_kafka_error_is_retriable(error) != 0;
    trouble.abort = rd_kafka_error_txn_requires_abort(error) != 0;
    trouble.fatal = rd_kafka_error_is_fatal(error) != 0;
    snprintf(trouble.sentence, sizeof(trouble.sentence), "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return trouble;
}

/* --- time --- */

bool transactor_is_stopping(struct transactor *transactor)
{
    uv_mutex_lock(&transactor->mutex);
    bool stopping = transactor->stopping;
    uv_mutex_unlock(&transactor->mutex);
    return stopping;
}

int transactor_share_ms(uint64_t until_us, uint64_t most_us)
{
    uint64_t now_us = clock_us();
    uint64_t left_us = until_us > now_us ? until_us - now_us : 0;
    return (int)((left_us < most_us ? left_us : most_us) / 1000);
}

/* --- the handle --- */

static void drop_handle(struct transactor *transactor, const char *reason)
{
    uint64_t pause_us = retry_delay_us(&pauses, ++transactor->failures, &transactor->random);
    log_error("transactions", "%s: the client of transactional id %s cannot go on (%s); another one begins in %" PRIu64 " ms",
              transactor->options.name, transactor->options.id, reason, pause_us / 1000);
    atomic_store(&transactor->ready, false);
    transactor->anew_us = clock_us() + pause_us;
    rd_kafka_destroy(transactor->handle);
    transactor->handle = NULL;
}

static bool open_anew(struct transactor *transactor)
{
    struct error err;
    if (clock_us() < transactor->anew_us)
        return false;
    if (transactor_handle_open(transactor, &err) == 0)
        return true;
    transactor->anew_us = clock_us() + pauses.max_us;
    log_error("transactions", "%s: %s", transactor->options.name, err.message);
    return false;
}

void transactor_find_back(struct transactor *transactor, bool wrong)
{
    client_find_back(&transactor->way_back, transactor->handle, &transactor->options.target, wrong, clock_us());
}

/* Whoever had the id is fenced by it, and what that one left open is ended. */
static void claim(struct transactor *transactor)
{
    if (transactor->handle == NULL && !open_anew(transactor))
        return;
    struct trouble trouble = transactor_trouble_of(rd_kafka_init_transactions(transactor->handle, (int)(CALL_US / 1000)));
    transactor_find_back(transactor, trouble.code != 0);
    if (trouble.code == 0)
        atomic_store(&transactor->ready, true);
    else if (!trouble.again)
        drop_handle(transactor, trouble.sentence);
}

/* --- the steps of a transaction --- */

static struct trouble send_offsets(struct transactor *transactor, const struct transaction *transaction, uint64_t until_us)
{
    struct trouble trouble;
    do {
        trouble = transactor_trouble_of(rd_kafka_send_offsets_to_transaction(
            transactor->handle, transaction->offsets, transaction->membership, transactor_share_ms(until_us, OFFSETS_US)));
    } while (trouble.again && clock_us() < until_us && !transactor_is_stopping(transactor));
    return trouble;
}

/* Commit or abort: gone on with until it is answered, or nobody waits any longer. */
static struct trouble end_transaction(struct transactor *transactor, rd_kafka_error_t *(*end)(rd_kafka_t *handle, int ms),
                                      uint64_t until_us)
{
    struct trouble trouble;
    do {
        trouble = transactor_trouble_of(end(transactor->handle, transactor_share_ms(until_us, CALL_US)));
        transactor_find_back(transactor, trouble.code != 0);
    } while (trouble.again && clock_us() < until_us && !transactor_is_stopping(transactor));
    return trouble;
}

static struct trouble attempt(struct transactor *transactor, const struct transaction *transaction, uint64_t until_us)
{
    struct trouble trouble = transactor_send(transactor, transaction, until_us);
    if (trouble.code == 0 && transaction->offsets->cnt > 0)
        trouble = send_offsets(transactor, transaction, until_us);
    if (trouble.code == 0)
        trouble = transactor_await_reports(transactor, transaction, transaction->count, until_us);
    if (trouble.code == 0)
        trouble = end_transaction(transactor, rd_kafka_commit_transaction, until_us + GRACE_US);
    return trouble;
}

/* --- a transaction --- */

static void end(struct transaction *transaction, enum transaction_end how, const struct trouble *trouble)
{
    transaction->end = how;
    transaction->code = trouble->code;
    snprintf(transaction->sentence, sizeof(transaction->sentence), "%s", trouble->sentence);
}

static void take_back(struct transactor *transactor, struct transaction *transaction, const struct trouble *why, uint64_t until_us)
{
    struct trouble trouble = end_transaction(transactor, rd_kafka_abort_transaction, until_us + GRACE_US);
    end(transaction, trouble.code == 0 ? TRANSACTION_ABORTED : TRANSACTION_UNKNOWN, why);
    if (trouble.code != 0)
        drop_handle(transactor, trouble.sentence);
}

static void run(struct transactor *transactor, struct transaction *transaction)
{
    uint64_t until_us = clock_us() + transactor->options.timeout_us;
    struct trouble trouble = transactor_trouble_of(rd_kafka_begin_transaction(transactor->handle));
    if (trouble.code != 0) { /* fenced since the last one */
        end(transaction, TRANSACTION_ABORTED, &trouble);
        drop_handle(transactor, trouble.sentence);
        return;
    }
    trouble = attempt(transactor, transaction, until_us);
    if (trouble.code == 0) {
        end(transaction, TRANSACTION_COMMITTED, &trouble);
        transactor->failures = 0;
    } else if (trouble.abort) {
        take_back(transactor, transaction, &trouble, until_us);
    } else {
        end(transaction, TRANSACTION_UNKNOWN, &trouble);
        drop_handle(transactor, trouble.sentence);
    }
}

static void refuse(struct transactor *transactor, struct transaction *transaction)
{
    struct trouble trouble = { .code = RD_KAFKA_RESP_ERR__STATE };
    snprintf(trouble.sentence, sizeof(trouble.sentence), "the transactional id %s is not ours yet", transactor->options.id);
    end(transaction, TRANSACTION_ABORTED, &trouble);
}

/* --- the thread --- */

/* Waits for a transaction: without end once the id is ours, else a moment. NULL: there is none. */
static struct transaction *take(struct transactor *transactor)
{
    uv_mutex_lock(&transactor->mutex);
    if (atomic_load(&transactor->ready))
        while (transactor->handed_over == NULL && !transactor->stopping)
            uv_cond_wait(&transactor->news, &transactor->mutex);
    else if (transactor->handed_over == NULL && !transactor->stopping)
        uv_cond_timedwait(&transactor->news, &transactor->mutex, LOOK_AGAIN_US * 1000);
    struct transaction *transaction = transactor->handed_over;
    transactor->handed_over = NULL;
    uv_mutex_unlock(&transactor->mutex);
    return transaction;
}

static void tell(struct transactor *transactor)
{
    atomic_store(&transactor->ended, true);
    wakeup_signal(&transactor->wakeup);
}

static void serve(struct transactor *transactor, struct transaction *transaction)
{
    if (atomic_load(&transactor->ready))
        run(transactor, transaction);
    else
        refuse(transactor, transaction);
    tell(transactor);
}

void transactor_thread(void *arg)
{
    struct transactor *transactor = arg;
    struct transaction *transaction;
    while (!transactor_is_stopping(transactor)) {
        if (!atomic_load(&transactor->ready))
            claim(transactor);
        transaction = take(transactor);
        if (transaction != NULL)
            serve(transactor, transaction);
    }
    atomic_store(&transactor->ready, false);
    transaction = take(transactor); /* handed over before the end */
    if (transaction != NULL)
        serve(transactor, transaction);
    if (transactor->handle != NULL)
        rd_kafka_destroy(transactor->handle);
    atomic_store(&transactor->gone, true);
    wakeup_signal(&transactor->wakeup);
}
