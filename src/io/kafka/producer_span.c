#include "io/kafka/producer_span.h"

#include "base/decimal.h"

#include <stdio.h>

enum value { PARTITION, OFFSET, KEY, BODY_SIZE, ERROR_TYPE, VALUES };

/* OpenTelemetry's semantic conventions for messaging, and for Kafka. */
static const char *const keys[VALUES] = {
    [PARTITION] = "messaging.destination.partition.id", [OFFSET] = "messaging.kafka.offset", [KEY] = "messaging.kafka.message.key",
    [BODY_SIZE] = "messaging.message.body.size",        [ERROR_TYPE] = "error.type",
};

struct span_site *producer_span_site(struct tracer *tracer, const struct producer_topic *topic)
{
    const char *destination = producer_topic_name(topic);
    const struct span_constant constants[] = {
        { "messaging.system", span_text(TEXT("kafka")) },
        { "messaging.operation.name", span_text(TEXT("send")) },
        { "messaging.operation.type", span_text(TEXT("send")) },
        { "messaging.destination.name", span_text(text_of(destination)) },
        { "messaging.client.id", span_text(text_of(producer_topic_client_id(topic))) },
    };
    char name[300]; /* a topic's has 249 at most */
    snprintf(name, sizeof(name), "kafka_send_%s", destination);
    return tracer_site(tracer, name, SPAN_PRODUCER, constants, sizeof(constants) / sizeof(constants[0]), keys, VALUES);
}

void producer_span_tell(struct tracer *tracer, struct span *span, uint64_t sent_us, const struct delivery *delivery)
{
    char partition[DECIMAL_SIZE];
    span->started_us = sent_us;
    span->ended_us = sent_us + delivery->latency_us;
    span->values[KEY] = span_text(delivery->key);
    span->values[BODY_SIZE] = span_int((int64_t)delivery->value_bytes);
    if (delivery->partition >= 0)
        span->values[PARTITION] = span_text(decimal_text(partition, (uint64_t)delivery->partition));
    if (delivery->offset >= 0)
        span->values[OFFSET] = span_int(delivery->offset);
    if (delivery->code != 0) {
        span->status = SPAN_STATUS_ERROR;
        span->status_message = text_of(delivery->sentence);
        span->values[ERROR_TYPE] = span_text(text_of(error_name(delivery->code)));
    }
    tracer_add(tracer, span);
}
