#include "io/kafka/transactor_parts.h"

#include "base/memory.h"
#include "io/kafka/consumer_parts.h"
#include "io/kafka/producer_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* --- the loop's side of a transaction --- */

static void free_transaction(struct transaction *transaction)
{
    rd_kafka_topic_partition_list_destroy(transaction->offsets);
    rd_kafka_consumer_group_metadata_destroy(transaction->membership);
    mem_free(transaction);
}

static void tell_end(struct transactor *transactor)
{
    struct transaction *transaction = transactor->transaction;
    transactor->transaction = NULL;
    const struct transaction_result result = {
        .end = transaction->end,
        .code = transaction->end == TRANSACTION_COMMITTED ? 0 : commit_meaning(transaction->code),
        .sentence = transaction->sentence,
    };
    transaction->done(transaction->arg, &result);
    free_transaction(transaction);
}

static void on_wakeup_closed(void *arg)
{
    gate_leave(&((struct transactor *)arg)->gate);
}

static void on_wakeup(void *arg)
{
    struct transactor *transactor = arg;
    if (atomic_exchange(&transactor->ended, false))
        tell_end(transactor);
    if (atomic_exchange(&transactor->gone, false))
        wakeup_close(&transactor->wakeup, on_wakeup_closed, transactor);
}

static void hand_over(struct transactor *transactor, struct transaction *transaction)
{
    uv_mutex_lock(&transactor->mutex);
    transactor->handed_over = transaction;
    uv_cond_signal(&transactor->news);
    uv_mutex_unlock(&transactor->mutex);
}

static void stop_thread(struct transactor *transactor)
{
    uv_mutex_lock(&transactor->mutex);
    transactor->stopping = true;
    uv_cond_signal(&transactor->news);
    uv_mutex_unlock(&transactor->mutex);
}

int transactor_run(struct transactor *transactor, struct transaction_record *records, size_t count, struct consumer *consumer,
                   const struct consumer_commit *commits, size_t commit_count, transaction_cb done, void *arg, struct error *err)
{
    assert(transactor->transaction == NULL);
    rd_kafka_consumer_group_metadata_t *membership = consumer_membership(consumer, err);
    if (membership == NULL)
        return err->code;
    struct transaction *transaction = mem_alloc(sizeof(*transaction));
    *transaction = (struct transaction){
        .records = records,
        .count = count,
        .offsets = commit_list(consumer, commits, commit_count),
        .membership = membership,
        .done = done,
        .arg = arg,
    };
    transactor->transaction = transaction;
    hand_over(transactor, transaction);
    return 0;
}

bool transactor_ready(const struct transactor *transactor, struct error *err)
{
    if (atomic_load(&transactor->ready))
        return true;
    error_set(err, E_UNAVAILABLE, "the transactional id %s is not ours yet", transactor->options.id);
    return false;
}

/* --- opening --- */

/* A transaction promises more than the producer whose batches it makes may be set to. */
static struct producer_config promising(const struct transactor_options *options)
{
    struct producer_config config = *options->config;
    config.acks = PRODUCER_ACKS_ALL;
    config.idempotent = true;
    config.deadline_us = options->timeout_us;
    return config;
}

/* Runs within the calls that wait for records, on our thread. */
static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct transaction_record *record = message->_private;
    delivery_read(&record->delivery, message, true);
    record->delivery.key = record->record.key;
}

/* A request that is waited for longer than the transaction may take is refused by librdkafka, as a property. */
static int limit_requests(rd_kafka_conf_t *conf, unsigned long long timeout_ms, struct error *err)
{
    char ms[32] = "";
    size_t size = sizeof(ms);
    if (rd_kafka_conf_get(conf, "socket.timeout.ms", ms, &size) != RD_KAFKA_CONF_OK || strtoull(ms, NULL, 10) <= timeout_ms)
        return 0;
    return client_set(conf, err, "socket.timeout.ms", "%llu", timeout_ms);
}

static int fill(rd_kafka_conf_t *conf, const struct transactor_options *options, struct error *err)
{
    const struct producer_config config = promising(options);
    unsigned long long timeout_ms = options->timeout_us / 1000;
    if (limit_requests(conf, timeout_ms, err) != 0 || producer_conf_fill(conf, &config, false, err) != 0 ||
        client_set(conf, err, "transactional.id", "%s", options->id) != 0)
        return E_INVALID;
    return client_set(conf, err, "transaction.timeout.ms", "%llu", timeout_ms);
}

int transactor_handle_open(struct transactor *transactor, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(&transactor->options.target, transactor->label, err);
    if (conf == NULL)
        return err->code;
    if (fill(conf, &transactor->options, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return err->code;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    transactor->handle = client_open(RD_KAFKA_PRODUCER, conf, err);
    return transactor->handle == NULL ? err->code : 0;
}

/* The thread ends the handle. */
static int start(struct transactor *transactor, struct error *err)
{
    int rc = uv_thread_create(&transactor->thread, transactor_thread, transactor);
    if (rc != 0) {
        rd_kafka_destroy(transactor->handle);
        return error_set(err, E_IO, "no thread: %s", uv_strerror(rc));
    }
    rc = wakeup_init(&transactor->wakeup, transactor->options.loop, on_wakeup, transactor);
    if (rc != 0) {
        stop_thread(transactor);
        uv_thread_join(&transactor->thread);
        return error_set(err, E_IO, "no descriptor for its wakeup: %s", uv_strerror(rc));
    }
    gate_enter(&transactor->gate);
    return 0;
}

int transactor_check(const struct transactor_options *options, struct error *err)
{
    char label[] = "transactions";
    struct transactor transactor = { .options = *options, .label = label };
    if (transactor_handle_open(&transactor, err) != 0)
        return error_wrap(err, "transactions of %s", options->name);
    rd_kafka_destroy(transactor.handle); /* it has done nothing, so this does not wait */
    return 0;
}

static void free_transactor(struct transactor *transactor)
{
    uv_cond_destroy(&transactor->news);
    uv_mutex_destroy(&transactor->mutex);
    mem_free(transactor->label);
    mem_free(transactor);
}

struct transactor *transactor_open(const struct transactor_options *options, struct error *err)
{
    struct transactor *transactor = mem_zalloc(sizeof(*transactor));
    transactor->options = *options;
    transactor->label = mem_alloc(strlen(options->name) + sizeof("transactions of "));
    sprintf(transactor->label, "transactions of %s", options->name);
    transactor->wakeup.fd = -1; /* not open: the thread may end before it is */
    gate_init(&transactor->gate);
    random_init(&transactor->random);
    uv_mutex_init(&transactor->mutex);
    uv_cond_init(&transactor->news);
    if (transactor_handle_open(transactor, err) == 0 && start(transactor, err) == 0)
        return transactor;
    error_wrap(err, "%s", transactor->label);
    free_transactor(transactor);
    return NULL;
}

/* --- closing --- */

static void on_all_closed(void *arg)
{
    struct transactor *transactor = arg;
    uv_thread_join(&transactor->thread);
    transactor->closed(transactor->closed_arg);
    free_transactor(transactor);
}

void transactor_close(struct transactor *transactor, void (*closed)(void *arg), void *arg)
{
    transactor->closed = closed;
    transactor->closed_arg = arg;
    gate_close(&transactor->gate, on_all_closed, transactor);
    stop_thread(transactor);
}
