#include "io/kafka/producer_state.h"

#include "base/clock.h"
#include "io/kafka/embedded.h"

/* The queue's pressure, with a gap so that reading does not start and stop for each record. */
#define PRESSURE_ON  0.8 /* of the queue */
#define PRESSURE_OFF 0.6

static size_t size_of(const struct producer_record *record)
{
    size_t size = record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        size += record->headers[i].name.size + record->headers[i].value.size;
    return size;
}

static int refuse(const struct producer_topic *topic, enum produce_failure failure)
{
    metric_add(topic->errors[failure], 1);
    return E_UNAVAILABLE;
}

/* All refusals but the breaker's, which may spend its probe. */
static int check_room(struct producer_topic *topic, size_t size, struct error *err)
{
    const struct producer *producer = topic->producer;
    const struct producer_config *config = producer->options.config;
    if (producer->phase != PRODUCER_OPEN) {
        error_set(err, E_UNAVAILABLE, "producer %s takes no records: it is being %s", config->name,
                  producer->phase == PRODUCER_RENEWING ? "made anew" : "shut down");
        return refuse(topic, PRODUCE_OTHER);
    }
    if (!producer_topic_attach(topic)) {
        if (topic_ready(topic->topic, err))
            error_set(err, E_UNAVAILABLE, "topic %s cannot be written yet", topic_name(topic->topic));
        return refuse(topic, PRODUCE_OTHER);
    }
    if (producer->in_flight_records >= (size_t)config->queue_records || producer->in_flight_bytes + size > config->queue_bytes) {
        error_set(err, E_UNAVAILABLE, "the queue of producer %s is full: %zu records, %llu bytes", config->name,
                  producer->in_flight_records, (unsigned long long)producer->in_flight_bytes);
        return refuse(topic, PRODUCE_FULL);
    }
    return 0;
}

static int refuse_broken(struct producer_topic *topic, uint64_t now_us, struct error *err)
{
    struct breaker_queue queue = producer_topic_queue(topic);
    uint64_t age_us = queue.records == 0 ? 0 : now_us - queue.oldest_us;
    error_set(err, E_UNAVAILABLE, "topic %s takes no records: the breaker is %s; %llu wait for their report, the oldest for %llu ms",
              topic_name(topic->topic), breaker_state_name(topic->breaker.state), (unsigned long long)queue.records,
              (unsigned long long)age_us / 1000);
    return refuse(topic, PRODUCE_BREAKER);
}

int producer_topic_admits(struct producer_topic *topic, struct error *err)
{
    uint64_t now_us = clock_us();
    if (check_room(topic, 0, err) != 0)
        return E_UNAVAILABLE;
    if (breaker_refuses(&topic->breaker, now_us, producer_topic_queue(topic)))
        return refuse_broken(topic, now_us, err);
    return 0;
}

rd_kafka_headers_t *producer_headers(const struct producer_record *record)
{
    if (record->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct producer_header *header = &record->headers[i];
        rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size, header->value.data, (ssize_t)header->value.size);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct producer_topic *topic, const struct producer_record *record, void *opaque)
{
    rd_kafka_headers_t *headers = producer_headers(record);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        topic->producer->handle->client, RD_KAFKA_V_RKT(topic->client), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.data, record->value.size),
        RD_KAFKA_V_KEY(record->key.data, record->key.size), RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && headers != NULL)
        rd_kafka_headers_destroy(headers); /* librdkafka takes them only with the record */
    return code;
}

static int refuse_code(struct producer_topic *topic, rd_kafka_resp_err_t code, const struct producer_record *record, struct error *err)
{
    const char *name = topic_name(topic->topic);
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        refuse(topic, PRODUCE_TOO_LARGE);
        return error_set(err, E_TOO_LARGE, "a record of %zu bytes for topic %s passes message.max.bytes", size_of(record), name);
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        refuse(topic, PRODUCE_OTHER);
        if (record->partition == PRODUCER_ANY_PARTITION)
            return error_set(err, E_UNAVAILABLE, "topic %s has other partitions than it had", name);
        return error_set(err, E_INVALID, "topic %s has no such partition", name);
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        refuse(topic, PRODUCE_FULL);
        return error_set(err, E_UNAVAILABLE, "topic %s: librdkafka's queue is full", name);
    default:
        refuse(topic, PRODUCE_OTHER);
        return error_set(err, E_UNAVAILABLE, "topic %s: %s", name, client_reason(code));
    }
}

static double used(const struct producer *producer)
{
    const struct producer_config *config = producer->options.config;
    double records = (double)producer->in_flight_records / (double)config->queue_records;
    double bytes = (double)producer->in_flight_bytes / (double)config->queue_bytes;
    return records > bytes ? records : bytes;
}

double producer_room(const struct producer *producer)
{
    double part = used(producer);
    return part >= 1 ? 0 : 1 - part;
}

static void check_pressure(struct producer *producer)
{
    bool pressed = used(producer) > (producer->pressed ? PRESSURE_OFF : PRESSURE_ON);
    if (pressed == producer->pressed)
        return;
    producer->pressed = pressed;
    if (producer->options.on_pressure != NULL)
        producer->options.on_pressure(producer->options.arg, pressed);
}

static void enter(struct producer_topic *topic, struct producer_send_request *request)
{
    list_push(&topic->in_flight, &request->link);
    topic->in_flight_records++;
    spread_enter(&topic->spread, request->partition);
    topic->producer->in_flight_records++;
    topic->producer->in_flight_bytes += request->size_bytes;
    check_pressure(topic->producer);
}

static void leave(struct producer_topic *topic, struct producer_send_request *request)
{
    list_remove(&request->link);
    topic->in_flight_records--;
    spread_leave(&topic->spread, request->partition);
    topic->producer->in_flight_records--;
    topic->producer->in_flight_bytes -= request->size_bytes;
    topic->producer->reports++;
    topic->producer->reported_bytes += request->size_bytes;
}

static int hand_over(struct producer_topic *topic, const struct producer_record *record, struct producer_send_request *request,
                     struct error *err)
{
    if (!breaker_admit(&topic->breaker, request->sent_us, producer_topic_queue(topic)))
        return refuse_broken(topic, request->sent_us, err);
    rd_kafka_resp_err_t code = produce(topic, record, request);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    breaker_on_unsent(&topic->breaker, request->sent_us);
    return refuse_code(topic, code, record, err);
}

static int admit_embedded(struct producer_topic *topic, size_t size, struct error *err)
{
    if (topic->embedded == NULL || embedded_admit(topic->embedded, size, err) == 0)
        return 0;
    return refuse(topic, PRODUCE_FULL);
}

int producer_send(struct producer_send_request *request, struct producer_topic *topic, const struct producer_record *record,
                  producer_cb done, void *arg, struct error *err)
{
    request->topic = topic;
    request->done = done;
    request->arg = arg;
    request->sent_us = clock_us();
    request->size_bytes = size_of(record);
    request->partition = record->partition;
    request->trace = record->trace;
    int rc = check_room(topic, request->size_bytes, err);
    if (rc != 0)
        return rc;
    rc = admit_embedded(topic, request->size_bytes, err);
    if (rc != 0)
        return rc;
    rc = hand_over(topic, record, request, err);
    if (rc != 0) {
        if (topic->embedded != NULL)
            embedded_dropped(topic->embedded, request->size_bytes);
        return rc;
    }
    enter(topic, request);
    hot_keys_count(topic->hot_keys, record->key, request->sent_us);
    return 0;
}

/* What a report tells the breaker: that the broker answers, also when it refuses this one record. */
static void tell_breaker(struct producer_topic *topic, const struct delivery *delivery, uint64_t now_us)
{
    bool answered = delivery->code == 0 || delivery->code == E_TOO_LARGE || delivery->code == E_INVALID;
    if (delivery->code == E_CANCELED)
        breaker_on_unsent(&topic->breaker, now_us);
    else
        breaker_on_report(&topic->breaker, answered, now_us);
}

static void tell_embedded(struct producer_topic *topic, const struct delivery *delivery, size_t size_bytes)
{
    if (delivery->status == DELIVERY_NOT_PERSISTED)
        embedded_dropped(topic->embedded, size_bytes);
    else
        embedded_stored(topic->embedded, delivery->partition, delivery->offset, size_bytes);
}

static void on_report(const rd_kafka_message_t *message, uint64_t now_us)
{
    struct producer_send_request *request = message->_private;
    struct producer_topic *topic = request->topic;
    struct delivery delivery;
    delivery_read(&delivery, message, topic->producer->options.config->acks != PRODUCER_ACKS_NONE);
    if (delivery.code == E_CANCELED && topic->producer->phase < PRODUCER_FLUSHING)
        delivery.code = E_UNAVAILABLE; /* the handle failed; nobody asked for an end */
    delivery.latency_us = now_us > request->sent_us ? now_us - request->sent_us : 0;

    leave(topic, request);
    tell_breaker(topic, &delivery, now_us);
    if (topic->embedded != NULL)
        tell_embedded(topic, &delivery, request->size_bytes);
    if (delivery.code == 0)
        metric_add_traced(topic->produced, 1, request->trace);
    else
        metric_add(topic->errors[delivery_failure(&delivery)], 1);
    metric_observe_traced(topic->duration, (double)delivery.latency_us / 1e6, request->trace);
    request->done(request->arg, &delivery);
}

static void on_reports(struct producer *producer, rd_kafka_event_t *event)
{
    uint64_t now_us = clock_us();
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event)) != NULL)
        on_report(message, now_us);
    check_pressure(producer);
    producer_settle(producer);
}

void producer_on_event(void *arg, rd_kafka_event_t *event)
{
    struct producer_handle *handle = arg;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        on_reports(handle->producer, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        client_statistics_read(handle->producer->statistics, text_of(rd_kafka_event_stats(event)));
        break;
    case RD_KAFKA_EVENT_ERROR:
        if (client_on_error(handle->client, event) && handle == handle->producer->handle)
            producer_renew(handle->producer);
        break;
    default:
        break;
    }
}
