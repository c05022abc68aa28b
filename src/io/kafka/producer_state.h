/* producer_state: what the producer*.c files share; nobody else includes it. */
#pragma once

#include "base/loop.h"
#include "core/breaker.h"
#include "core/hot_keys.h"
#include "core/spread.h"
#include "io/kafka/client.h"
#include "io/kafka/client_statistics.h"
#include "io/kafka/event_queue.h"
#include "io/kafka/producer.h"

struct embedded_topic;

/* Moves are made by producer_handle.c only:
 *
 *   OPEN ----- flush -----> FLUSHING --nothing in flight--> flushed is called; stays so, and refuses
 *    |  ^                      |  |
 *    |  | in flight is empty:  |  '-- deadline: what is left is given up
 *    |  | a new handle         |
 *    |  '------- RENEWING      |
 *    '--fatal error--^         |
 *    '---------- close --------'--> CLOSING --nothing in flight--> the handle is ended, `closed` is called */
/* In this order: from FLUSHING on there is no way back. */
enum producer_phase { PRODUCER_OPEN, PRODUCER_RENEWING, PRODUCER_FLUSHING, PRODUCER_CLOSING };

/* A librdkafka handle and its queue; ends itself, after its successor has begun. */
struct producer_handle {
    struct producer *producer;
    rd_kafka_t *client;
    struct event_queue events;
};

struct producer {
    struct list link; /* in producer_stats.producers */
    struct producer_options options;
    char *label; /* "producer durable", in the log */
    enum producer_phase phase;
    struct producer_handle *handle;
    struct list topics;
    uv_timer_t tick;
    struct client_way_back way_back;
    struct client_statistics *statistics;

    size_t in_flight_records;
    uint64_t in_flight_bytes;
    bool pressed;
    uint64_t reports; /* since the last tick */
    uint64_t reported_bytes;
    double reports_per_second; /* moving averages, for Retry-After */
    double bytes_per_second;
    uint64_t ticked_us;

    uint64_t flush_deadline_us;
    void (*flushed)(void *arg); /* NULL: no flush is waited for */
    void *flushed_arg;
    struct gate gate;
    void (*closed)(void *arg);
    void *closed_arg;

    struct series *queue_records_gauge;
    struct series *queue_bytes_gauge;
};

/* Why a record was not stored; the label `reason` of the metric. */
enum produce_failure {
    PRODUCE_FULL,
    PRODUCE_BREAKER,
    PRODUCE_NOT_PERSISTED,
    PRODUCE_POSSIBLY_PERSISTED,
    PRODUCE_TOO_LARGE,
    PRODUCE_OTHER,
    PRODUCE_FAILURES,
};

struct producer_topic {
    struct list link; /* in producer.topics */
    struct producer *producer;
    struct topic *topic;
    char *stream;
    uint64_t deadline_us;
    rd_kafka_topic_t *client; /* NULL until the topic is present, and while the handle is made anew */
    struct embedded_topic *embedded;
    struct list in_flight; /* of producer_send_request, in send order */
    size_t in_flight_records;
    struct breaker breaker;
    uint64_t opened_count; /* of the breaker, as far as counted in the metric */
    enum breaker_state logged_state;
    struct hot_keys *hot_keys;
    struct spread spread; /* of records without a key */
    uv_thread_t loop_thread;

    struct series *produced;
    struct series *duration;
    struct series *errors[PRODUCE_FAILURES];
    struct series *breaker_gauge;
    struct series *breaker_opened;
};

/* producer_conf.c: the properties of a handle, and of a topic with a deadline of its own. NULL with a sentence. */
rd_kafka_conf_t *producer_conf(const struct producer *producer, struct error *err);
/* What of it the configuration says. `partitions`: we choose a record's partition, librdkafka need not. */
int producer_conf_fill(rd_kafka_conf_t *conf, const struct producer_config *config, bool partitions, struct error *err);
rd_kafka_topic_conf_t *producer_topic_conf(rd_kafka_t *client, uint64_t deadline_us, struct error *err);

/* producer_partition.c: who chooses a record's partition. We do, unless a property names one of librdkafka's partitioners. */
bool producer_partitions(const struct producer *producer);
void producer_topic_set_partitioner(struct producer_topic *topic, rd_kafka_topic_conf_t *conf);

/* producer_handle.c */
int producer_handle_open(struct producer *producer, struct error *err);
void producer_renew(struct producer *producer);
/* To be called when a report came: makes the moves that wait for nothing being in flight. */
void producer_settle(struct producer *producer);

/* producer_topic.c */
struct breaker_queue producer_topic_queue(const struct producer_topic *topic);
/* Makes the client's topic, if it can be made now. */
bool producer_topic_attach(struct producer_topic *topic);
void producer_topic_detach(struct producer_topic *topic);
void producer_topic_tick(struct producer_topic *topic, uint64_t now_us);
void producer_topic_free(struct producer_topic *topic);

/* delivery.c: puts librdkafka's report into our words. `acknowledged`: the brokers were asked to answer (acks), so an offset is told.
 * `latency_us` is the caller's. */
int delivery_code_of(rd_kafka_resp_err_t code); /* what it means for a record that surely is not stored */
void delivery_read(struct delivery *delivery, const rd_kafka_message_t *message, bool acknowledged);
enum produce_failure delivery_failure(const struct delivery *delivery);

/* producer.c */
rd_kafka_headers_t *producer_headers(const struct producer_record *record); /* for librdkafka, which takes them with the record; or NULL */
void producer_on_event(void *handle, rd_kafka_event_t *event);
