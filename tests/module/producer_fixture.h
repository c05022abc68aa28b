/* producer_fixture: a loop, a broker inside the process that can be made to fail, and a producer on it. Each test gives the
 * situation, sends, waits, and ends with an empty loop. */
#pragma once

#include "base/clock.h"
#include "base/memory.h"
#include "io/kafka/embedded.h"
#include "io/kafka/producer.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PARTITIONS  4
#define PATIENCE_MS 15000

struct fixture {
    uv_loop_t loop;
    uv_timer_t beat; /* so that waiting looks at its condition each 5 ms */
    struct embedded *broker;
    char brokers[64];
    struct kafka_config kafka;
    struct producer_config config;
    struct client_target target;
    struct topic_config topic_config;
    struct metrics *metrics;
    struct stats stats;
    struct producer_stats producer_stats;
    struct topics *topics;
    struct topic *topic;
    struct producer *producer;
    struct producer_topic *jobs;
    unsigned pressed, released;
    unsigned closed;
    bool flushed;
};

/* A request and what came of it. */
struct sent {
    struct producer_send_request request;
    unsigned reports;
    struct delivery delivery;
    char sentence[256];
};

static inline rd_kafka_mock_cluster_t *cluster_of(struct fixture *fixture)
{
    return embedded_cluster(fixture->broker);
}

static inline void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

static inline void on_pressure(void *arg, bool pressed)
{
    struct fixture *fixture = arg;
    if (pressed)
        fixture->pressed++;
    else
        fixture->released++;
}

static inline void on_sent(void *arg, const struct delivery *delivery)
{
    struct sent *sent = arg;
    sent->reports++;
    sent->delivery = *delivery;
    snprintf(sent->sentence, sizeof(sent->sentence), "%s", delivery->sentence);
}

static inline bool wait_until(struct fixture *fixture, bool (*met)(struct fixture *fixture, void *arg), void *arg, uint64_t patience_ms)
{
    uint64_t end_us = clock_us() + patience_ms * 1000;
    while (!met(fixture, arg)) {
        if (clock_us() > end_us)
            return false;
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    return true;
}

static inline bool never(struct fixture *fixture, void *arg)
{
    (void)fixture;
    (void)arg;
    return false;
}

static inline void pass(struct fixture *fixture, uint64_t milliseconds)
{
    wait_until(fixture, never, NULL, milliseconds);
}

static inline bool is_reported(struct fixture *fixture, void *sent)
{
    (void)fixture;
    return ((struct sent *)sent)->reports > 0;
}

static inline bool are_topics_ready(struct fixture *fixture, void *arg)
{
    struct error err;
    (void)arg;
    return topics_ready(fixture->topics, &err);
}

static inline bool is_admitted(struct fixture *fixture, void *arg)
{
    struct error err;
    (void)arg;
    return producer_topic_admits(fixture->jobs, &err) == 0;
}

static inline bool is_refused(struct fixture *fixture, void *arg)
{
    return !is_admitted(fixture, arg);
}

static inline bool is_idle(struct fixture *fixture, void *arg)
{
    (void)arg;
    return producer_room(fixture->producer) == 1;
}

/* Defaults that a test changes before given_producer. */
static inline void given_broker(struct fixture *fixture)
{
    struct error err;
    *fixture = (struct fixture){ 0 };
    uv_loop_init(&fixture->loop);
    uv_timer_init(&fixture->loop, &fixture->beat);
    uv_timer_start(&fixture->beat, on_beat, 5, 5);
    fixture->broker = embedded_open(&err);
    assert_non_null(fixture->broker);
    snprintf(fixture->brokers, sizeof(fixture->brokers), "%s", embedded_bootstrap(fixture->broker));
    fixture->kafka = (struct kafka_config){ .brokers = fixture->brokers, .client_id = "test" };
    fixture->target = (struct client_target){ .config = &fixture->kafka, .embedded = fixture->broker };
    fixture->config = (struct producer_config){
        .name = "durable",
        .acks = PRODUCER_ACKS_ALL,
        .idempotent = true,
        .linger_us = 500,
        .batch_records = 1000,
        .batch_bytes = 1000000,
        .deadline_us = 10000000,
        .queue_records = 100000,
        .queue_bytes = 64 << 20,
        .breaker = { .failures = 10, .stall_us = 2000000, .pause_us = 500000 },
    };
    fixture->topic_config = (struct topic_config){ .name = "jobs", .partitions = PARTITIONS };
    fixture->metrics = metrics_new();
    stats_init(&fixture->stats);
    producer_stats_init(&fixture->producer_stats, &fixture->stats);
}

static inline void given_topics(struct fixture *fixture)
{
    struct error err = { 0 };
    fixture->topics = topics_open(&fixture->loop, &fixture->target, &err);
    assert_string_equal(err.message, "");
    fixture->topic = topics_add(fixture->topics, &fixture->topic_config, &err);
    assert_non_null(fixture->topic);
    topics_start(fixture->topics, NULL, NULL);
}

static inline void given_producer(struct fixture *fixture)
{
    struct error err = { 0 };
    struct producer_options options = {
        .loop = &fixture->loop,
        .target = fixture->target,
        .config = &fixture->config,
        .metrics = fixture->metrics,
        .stats = &fixture->producer_stats,
        .on_pressure = on_pressure,
        .arg = fixture,
    };
    fixture->producer = producer_open(&options, &err);
    assert_string_equal(err.message, "");
    struct producer_topic_options topic = { .stream = "jobs", .topic = fixture->topic };
    fixture->jobs = producer_topic_open(fixture->producer, &topic);
}

/* All of the above, and the topic found. */
static inline void given_ready_producer(struct fixture *fixture)
{
    given_topics(fixture);
    given_producer(fixture);
    assert_true(wait_until(fixture, are_topics_ready, NULL, PATIENCE_MS));
}

static inline void given_broker_down(struct fixture *fixture)
{
    assert_int_equal(rd_kafka_mock_broker_set_down(cluster_of(fixture), EMBEDDED_BROKER), 0);
}

static inline void given_broker_up(struct fixture *fixture)
{
    assert_int_equal(rd_kafka_mock_broker_set_up(cluster_of(fixture), EMBEDDED_BROKER), 0);
}

static inline int send_record(struct fixture *fixture, struct sent *sent, struct text key, struct text value, struct error *err)
{
    struct producer_record record = { .key = key, .value = value, .partition = PRODUCER_ANY_PARTITION };
    *sent = (struct sent){ 0 };
    return producer_send(&sent->request, fixture->jobs, &record, on_sent, sent, err);
}

static inline void send_one(struct fixture *fixture, struct sent *sent)
{
    struct error err = { 0 };
    int rc = send_record(fixture, sent, TEXT_NONE, TEXT("value"), &err);
    assert_string_equal(err.message, "");
    assert_int_equal(rc, 0);
}

/* A first record, so that what follows finds an open connection. */
static inline void given_open_connection(struct fixture *fixture)
{
    struct sent sent;
    send_one(fixture, &sent);
    assert_true(wait_until(fixture, is_reported, &sent, PATIENCE_MS));
    assert_int_equal(sent.delivery.status, DELIVERY_PERSISTED);
}

static inline void on_closed(void *arg)
{
    struct fixture *fixture = arg;
    fixture->closed++;
}

static inline bool are_clients_closed(struct fixture *fixture, void *arg)
{
    return fixture->closed == *(unsigned *)arg;
}

static inline void then_everything_closes(struct fixture *fixture)
{
    unsigned count = 0;
    if (fixture->producer != NULL)
        count++, producer_close(fixture->producer, on_closed, fixture);
    assert_true(wait_until(fixture, are_clients_closed, &count, PATIENCE_MS));
    if (fixture->topics != NULL)
        count++, topics_close(fixture->topics, on_closed, fixture);
    assert_true(wait_until(fixture, are_clients_closed, &count, PATIENCE_MS));
    count++;
    embedded_close(fixture->broker, &fixture->loop, on_closed, fixture);
    assert_true(wait_until(fixture, are_clients_closed, &count, PATIENCE_MS));

    uv_close((uv_handle_t *)&fixture->beat, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    producer_stats_close(&fixture->producer_stats);
    metrics_free(fixture->metrics);
}
