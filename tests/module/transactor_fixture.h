/* transactor_fixture: a broker inside the process that can be made to refuse, a member of a group on it, and a transactor. The mock
 * cluster keeps neither transactions apart nor the offsets that they commit (what readers see is tests/system/test_exactly_once.py's
 * matter); what a transactor is told, and what it tells, is all there. */
#pragma once

#include "producer_fixture.h"

#include "io/kafka/consumer_parts.h"
#include "io/kafka/transactor.h"

#define GROUP   "workers"
#define OUTPUT  "done"
#define RECORDS 3

/* Request kinds of Kafka's protocol. */
enum { PRODUCE = 0, INIT_PRODUCER_ID = 22, ADD_OFFSETS_TO_TXN = 25, END_TXN = 26, TXN_OFFSET_COMMIT = 28 };

struct ledger {
    struct fixture base;
    struct consumer *consumer;
    struct consumer_partition *source; /* of partition 0; NULL: not ours */
    struct transactor *transactor;
    struct transaction_record records[RECORDS];
    unsigned ends;
    struct transaction_result result;
    char sentence[256];
};

/* --- a member of the group --- */

static inline void *on_ledger_assigned(void *owner, struct consumer_partition *partition, int32_t number,
                                       const struct consumer_beginning *beginning)
{
    struct ledger *ledger = owner;
    (void)beginning;
    if (number == 0)
        ledger->source = partition;
    return ledger;
}

static inline void on_ledger_ready(void *owner, void *partition)
{
    (void)owner;
    (void)partition;
}

static inline void on_ledger_revoked(void *owner, void *const *partitions, size_t count)
{
    struct ledger *ledger = owner;
    (void)partitions;
    (void)count;
    ledger->source = NULL;
    consumer_given_up(ledger->consumer);
}

static inline void on_ledger_lost(void *owner, void *const *partitions, size_t count)
{
    (void)partitions;
    (void)count;
    ((struct ledger *)owner)->source = NULL;
}

static inline void on_ledger_offsets_missing(void *owner, void *partition, int64_t from, int64_t to)
{
    (void)owner;
    (void)partition;
    (void)from;
    (void)to;
}

static inline void on_ledger_told(void *owner)
{
    (void)owner;
}

static const struct consumer_events ledger_events = {
    .on_assigned = on_ledger_assigned,
    .on_ready = on_ledger_ready,
    .on_revoked = on_ledger_revoked,
    .on_lost = on_ledger_lost,
    .on_offsets_missing = on_ledger_offsets_missing,
    .on_broken = on_ledger_told,
    .on_doubt = on_ledger_told,
    .on_sure = on_ledger_told,
};

static inline void given_member(struct ledger *ledger)
{
    struct error err = { 0 };
    ledger->consumer = consumer_open(
        &(struct consumer_options){
            .loop = &ledger->base.loop,
            .target = ledger->base.target,
            .name = "jobs",
            .topic = "jobs",
            .group = GROUP,
            .assignor = "cooperative-sticky",
            .session_us = 3000000,
            .heartbeat_us = 200000,
            .max_poll_us = 30000000,
            .prefetch_bytes = 1 << 20,
            .events = &ledger_events,
            .owner = ledger,
        },
        &err);
    assert_string_equal(err.message, "");
}

static inline bool is_ours(struct fixture *base, void *arg)
{
    (void)arg;
    return ((struct ledger *)(void *)base)->source != NULL;
}

static inline bool is_lost(struct fixture *base, void *arg)
{
    return !is_ours(base, arg);
}

static inline void when_ours(struct ledger *ledger)
{
    assert_true(wait_until(&ledger->base, is_ours, NULL, PATIENCE_MS));
}

/* --- given --- */

static inline void given_refusals(struct ledger *ledger, int16_t request, size_t count, rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors(cluster_of(&ledger->base), request, 1, code);
}

static inline void given_ledger(struct ledger *ledger)
{
    struct error err = { 0 };
    *ledger = (struct ledger){ .ends = 0 };
    given_broker(&ledger->base);
    rd_kafka_mock_group_initial_rebalance_delay_ms(cluster_of(&ledger->base), 100);
    assert_non_null(embedded_topic_create(ledger->base.broker, "jobs", PARTITIONS, &err));
    assert_non_null(embedded_topic_create(ledger->base.broker, OUTPUT, 1, &err));
}

static inline void given_transactor(struct ledger *ledger, uint64_t timeout_us)
{
    struct error err = { 0 };
    ledger->transactor = transactor_open(
        &(struct transactor_options){
            .loop = &ledger->base.loop,
            .target = ledger->base.target,
            .name = "jobs",
            .id = "workers.jobs.1",
            .config = &ledger->base.config,
            .timeout_us = timeout_us,
        },
        &err);
    assert_string_equal(err.message, "");
}

static inline bool is_open(struct fixture *base, void *arg)
{
    struct error err;
    (void)arg;
    return transactor_ready(((struct ledger *)(void *)base)->transactor, &err);
}

static inline bool is_not_open(struct fixture *base, void *arg)
{
    return !is_open(base, arg);
}

static inline void when_open(struct ledger *ledger)
{
    assert_true(wait_until(&ledger->base, is_open, NULL, PATIENCE_MS));
}

/* All that a transaction needs. */
static inline void given_open_ledger(struct ledger *ledger)
{
    given_ledger(ledger);
    given_member(ledger);
    given_transactor(ledger, 5000000);
    when_ours(ledger);
    when_open(ledger);
}

/* --- transactions --- */

static inline void on_ledger_end(void *arg, const struct transaction_result *result)
{
    struct ledger *ledger = arg;
    ledger->ends++;
    ledger->result = *result;
    snprintf(ledger->sentence, sizeof(ledger->sentence), "%s", result->sentence);
}

static inline int begin(struct ledger *ledger, int64_t offset, const char *metadata, struct error *err)
{
    for (size_t i = 0; i < RECORDS; i++)
        ledger->records[i] = (struct transaction_record){
            .topic = OUTPUT,
            .record = { .key = TEXT("a"), .value = TEXT("value"), .partition = PRODUCER_ANY_PARTITION },
        };
    const struct consumer_commit commit = { ledger->source, offset, metadata == NULL ? TEXT_NONE : text_of(metadata) };
    return transactor_run(ledger->transactor, ledger->records, RECORDS, ledger->consumer, &commit, 1, on_ledger_end, ledger, err);
}

static inline void when_begun(struct ledger *ledger, int64_t offset)
{
    struct error err = { 0 };
    ledger->ends = 0;
    assert_int_equal(begin(ledger, offset, NULL, &err), 0);
    assert_int_equal(ledger->ends, 0); /* never inside the call */
}

static inline bool has_ended(struct fixture *base, void *arg)
{
    (void)arg;
    return ((struct ledger *)(void *)base)->ends > 0;
}

static inline void when_over(struct ledger *ledger)
{
    assert_true(wait_until(&ledger->base, has_ended, NULL, PATIENCE_MS));
    assert_int_equal(ledger->ends, 1);
}

static inline void when_run(struct ledger *ledger, int64_t offset)
{
    when_begun(ledger, offset);
    when_over(ledger);
}

static inline void then_it_is(const struct ledger *ledger, enum transaction_end end)
{
    assert_string_equal(ledger->result.end == end ? "" : ledger->sentence, "");
    assert_int_equal(ledger->result.end, end);
}

static inline void then_it_is_committed(const struct ledger *ledger)
{
    then_it_is(ledger, TRANSACTION_COMMITTED);
    assert_int_equal(ledger->result.code, 0);
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(ledger->records[i].delivery.status, DELIVERY_PERSISTED);
        assert_true(ledger->records[i].delivery.offset >= 0);
    }
}

/* After a record that was refused librdkafka finds a gap in its sequence numbers, and begins another sequence: with the next transaction
 * that is aborted for it. */
static inline void when_run_until_committed(struct ledger *ledger, int64_t offset)
{
    for (int tries = 0; tries < 3; tries++) {
        when_open(ledger);
        when_run(ledger, offset);
        if (ledger->result.end == TRANSACTION_COMMITTED)
            break;
    }
    then_it_is_committed(ledger);
}

/* --- what somebody else sees --- */

static inline rd_kafka_t *open_reader(struct ledger *ledger)
{
    char reason[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", ledger->base.brokers, reason, sizeof(reason));
    rd_kafka_conf_set(conf, "group.id", GROUP, reason, sizeof(reason));
    return rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
}

static inline int64_t records_in_the_output(struct ledger *ledger)
{
    rd_kafka_t *reader = open_reader(ledger);
    int64_t low = -1, high = -1;
    assert_int_equal(rd_kafka_query_watermark_offsets(reader, OUTPUT, 0, &low, &high, PATIENCE_MS), 0);
    rd_kafka_destroy(reader);
    return high;
}

/* --- the end --- */

static inline void when_transactor_closed(struct ledger *ledger)
{
    unsigned count = ledger->base.closed + 1;
    transactor_close(ledger->transactor, on_closed, &ledger->base);
    ledger->transactor = NULL;
    assert_true(wait_until(&ledger->base, are_clients_closed, &count, PATIENCE_MS));
}

static inline void then_the_ledger_closes(struct ledger *ledger)
{
    unsigned count = ledger->base.closed + 1;
    if (ledger->consumer != NULL) {
        consumer_close(ledger->consumer, clock_us(), on_closed, &ledger->base);
        assert_true(wait_until(&ledger->base, are_clients_closed, &count, PATIENCE_MS));
    }
    if (ledger->transactor != NULL)
        when_transactor_closed(ledger);
    ledger->base.closed = 0;
    then_everything_closes(&ledger->base);
}
