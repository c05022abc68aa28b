#include "io/kafka/producer_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "io/kafka/embedded.h"

#include <assert.h>

#define HOT_KEYS_HALF_LIFE_US 60000000
#define HOLD_MIN_US           500 /* without a linger: a partition for each record costs three times as much (docs/benchmarks.md) */
#define RETRY_AFTER_MIN_US    100000
#define RETRY_AFTER_MAX_US    60000000
#define RETRY_AFTER_ABSENT_US 1000000 /* nothing tells when a broker or a topic comes: the next look at it is near */
#define QUEUE_CALM            0.6     /* of the queue: what it must fall to before more is of use */

static const char *const failure_names[PRODUCE_FAILURES] = {
    [PRODUCE_FULL] = "full",
    [PRODUCE_BREAKER] = "breaker",
    [PRODUCE_NOT_PERSISTED] = "not_persisted",
    [PRODUCE_POSSIBLY_PERSISTED] = "possibly_persisted",
    [PRODUCE_TOO_LARGE] = "too_large",
    [PRODUCE_OTHER] = "other",
};

static void find_series(struct producer_topic *topic, struct metrics *metrics)
{
    const char *name = topic_name(topic->topic);
    topic->produced = metric(metrics, METRIC_PRODUCED, topic->stream, name);
    topic->duration = metric(metrics, METRIC_PRODUCE_DURATION, topic->stream, name);
    topic->breaker_gauge = metric(metrics, METRIC_BREAKER_STATE, name);
    topic->breaker_opened = metric(metrics, METRIC_BREAKER_OPENED, name);
    for (int i = 0; i < PRODUCE_FAILURES; i++)
        topic->errors[i] = metric(metrics, METRIC_PRODUCE_ERRORS, topic->stream, name, failure_names[i]);
}

struct producer_topic *producer_topic_open(struct producer *producer, const struct producer_topic_options *options)
{
    const struct producer_config *config = producer->options.config;
    struct producer_topic *topic = mem_zalloc(sizeof(*topic));
    topic->producer = producer;
    topic->topic = options->topic;
    topic->stream = mem_strdup(options->stream);
    topic->deadline_us = options->deadline_us == 0 ? config->deadline_us : options->deadline_us;
    list_init(&topic->in_flight);
    breaker_init(&topic->breaker, &config->breaker, clock_us());
    topic->loop_thread = uv_thread_self();
    spread_init(&topic->spread, config->linger_us < HOLD_MIN_US ? HOLD_MIN_US : config->linger_us, (uint32_t)clock_us());
    topic->hot_keys = hot_keys_new(HOT_KEYS_COUNTERS, HOT_KEYS_HALF_LIFE_US, random_seed());
    find_series(topic, producer->options.metrics);
    list_push(&producer->topics, &topic->link);
    return topic;
}

const char *producer_topic_name(const struct producer_topic *topic)
{
    return topic_name(topic->topic);
}

uint64_t producer_topic_batch_bytes_max(const struct producer_topic *topic)
{
    return topic_batch_bytes_max(topic->topic);
}

bool producer_topic_present(const struct producer_topic *topic, struct error *err)
{
    return topic_present(topic->topic) || topic_ready(topic->topic, err);
}

const char *producer_topic_client_id(const struct producer_topic *topic)
{
    return topic->producer->options.target.config->client_id;
}

/* Only once the topic is there: a handle for a missing one would remember that it is missing. */
static bool attach(struct producer_topic *topic)
{
    struct producer *producer = topic->producer;
    if (!topic_present(topic->topic) || producer->handle == NULL || producer->phase != PRODUCER_OPEN)
        return false;
    struct error err;
    rd_kafka_t *client = producer->handle->client;
    rd_kafka_topic_conf_t *conf = producer_topic_conf(client, topic->deadline_us, &err);
    if (conf != NULL) {
        producer_topic_set_partitioner(topic, conf);
        topic->client = rd_kafka_topic_new(client, topic_name(topic->topic), conf);
    }
    if (topic->client == NULL)
        log_error("producer", "topic %s cannot be opened: %s", topic_name(topic->topic),
                  conf == NULL ? err.message : client_reason(rd_kafka_last_error()));
    if (producer->options.target.embedded != NULL)
        topic->embedded = embedded_topic_find(producer->options.target.embedded, topic_name(topic->topic));
    return topic->client != NULL;
}

bool producer_topic_attach(struct producer_topic *topic)
{
    if (!topic_present(topic->topic))
        producer_topic_detach(topic);
    return topic->client != NULL || attach(topic);
}

void producer_topic_detach(struct producer_topic *topic)
{
    if (topic->client != NULL)
        rd_kafka_topic_destroy(topic->client);
    topic->client = NULL;
}

struct breaker_queue producer_topic_queue(const struct producer_topic *topic)
{
    const struct list *oldest = list_first(&topic->in_flight);
    return (struct breaker_queue){
        .records = topic->in_flight_records,
        .oldest_us = oldest == NULL ? 0 : list_entry(oldest, struct producer_send_request, link)->sent_us,
    };
}

static void log_breaker(struct producer_topic *topic, enum breaker_state before)
{
    struct breaker_queue queue = producer_topic_queue(topic);
    if (topic->breaker.state == before)
        return;
    if (topic->breaker.state == BREAKER_CLOSED)
        log_info("breaker", "topic %s takes records again", topic_name(topic->topic));
    else if (before == BREAKER_CLOSED)
        log_warn("breaker", "topic %s takes no records: the breaker is open; %llu wait for their report", topic_name(topic->topic),
                 (unsigned long long)queue.records);
}

void producer_topic_tick(struct producer_topic *topic, uint64_t now_us)
{
    producer_topic_attach(topic);
    breaker_tick(&topic->breaker, now_us, producer_topic_queue(topic));
    log_breaker(topic, topic->logged_state);
    topic->logged_state = topic->breaker.state;
    metric_set(topic->breaker_gauge, breaker_state_gauge(topic->breaker.state));
    metric_add(topic->breaker_opened, (double)(topic->breaker.opened_count - topic->opened_count));
    topic->opened_count = topic->breaker.opened_count;
}

static double seconds_to_drain(double used, double limit, double per_second)
{
    double excess = used - limit * QUEUE_CALM;
    if (excess <= 0)
        return 0;
    return per_second < 1 ? 1 : excess / per_second;
}

static uint64_t drain_us(const struct producer *producer)
{
    const struct producer_config *config = producer->options.config;
    double records = seconds_to_drain((double)producer->in_flight_records, (double)config->queue_records, producer->reports_per_second);
    double bytes = seconds_to_drain((double)producer->in_flight_bytes, (double)config->queue_bytes, producer->bytes_per_second);
    double seconds = records > bytes ? records : bytes;
    return seconds >= 60 ? RETRY_AFTER_MAX_US : (uint64_t)(seconds * 1e6);
}

uint64_t producer_topic_retry_after_us(const struct producer_topic *topic)
{
    if (topic->client == NULL || !topic_present(topic->topic) || topic->producer->phase != PRODUCER_OPEN)
        return RETRY_AFTER_ABSENT_US;
    uint64_t wait_us = breaker_retry_after_us(&topic->breaker, clock_us());
    uint64_t queue_us = drain_us(topic->producer);
    if (queue_us > wait_us)
        wait_us = queue_us;
    if (wait_us < RETRY_AFTER_MIN_US)
        return RETRY_AFTER_MIN_US;
    return wait_us > RETRY_AFTER_MAX_US ? RETRY_AFTER_MAX_US : wait_us;
}

static bool ready(const struct producer_topic *topic, struct error *err)
{
    if (!topic_ready(topic->topic, err))
        return false;
    /* A breaker that waits for its probe counts as ready: traffic sent elsewhere would never bring the probe. */
    const struct breaker *breaker = &topic->breaker;
    if (!breaker_refuses(breaker, clock_us(), producer_topic_queue(topic)))
        return true;
    enum breaker_state state = breaker->state == BREAKER_CLOSED ? BREAKER_OPEN : breaker->state; /* stalled since the last tick */
    error_set(err, E_UNAVAILABLE, "topic %s takes no records: the breaker is %s", topic_name(topic->topic), breaker_state_name(state));
    return false;
}

bool producer_ready(const struct producer *producer, struct error *err)
{
    if (producer->phase != PRODUCER_OPEN) {
        error_set(err, E_UNAVAILABLE, "producer %s is not open", producer->options.config->name);
        return false;
    }
    list_each(link, &producer->topics)
        if (!ready(list_entry(link, struct producer_topic, link), err))
            return false;
    return true;
}

void producer_topic_free(struct producer_topic *topic)
{
    assert(list_empty(&topic->in_flight));
    hot_keys_free(topic->hot_keys);
    spread_free(&topic->spread);
    mem_free(topic->stream);
    mem_free(topic);
}
