#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/consumer_parts.h"

#include <assert.h>
#include <inttypes.h>

#define BATCH 256

static const struct consumer_header *headers_of(struct consumer *consumer, rd_kafka_message_t *message, size_t *count)
{
    *count = 0;
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;

    size_t total = rd_kafka_header_cnt(headers);
    if (total > consumer->headers_capacity) {
        consumer->headers = mem_realloc(consumer->headers, total * sizeof(*consumer->headers));
        consumer->headers_capacity = total;
    }
    for (size_t i = 0; i < total; i++) {
        const char *name;
        const void *value;
        size_t size;
        rd_kafka_header_get_all(headers, i, &name, &value, &size);
        consumer->headers[i] = (struct consumer_header){ .name = text_of(name), .value = { value, size } };
    }
    *count = total;
    return consumer->headers;
}

static void hand_over(struct consumer_partition *partition, rd_kafka_message_t *message, consumer_record_cb on_record)
{
    struct consumer_record record = {
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = { message->key, message->key_len },
        .value = { message->payload, message->len },
    };
    if (partition->consumer->options.headers)
        record.headers = headers_of(partition->consumer, message, &record.header_count);
    partition->next = message->offset + 1;
    on_record(partition->object, &record);
}

static void on_trouble(struct consumer_partition *partition, const rd_kafka_message_t *message)
{
    const char *stream = partition->consumer->options.name;
    log_warn("consumer", "%s: partition %" PRId32 ": %s", stream, partition->number, rd_kafka_message_errstr(message));
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        lookup_reset(partition);
}

static size_t take_batch(struct consumer_partition *partition, size_t max, consumer_record_cb on_record, bool *more)
{
    rd_kafka_message_t *messages[BATCH];
    ssize_t count = rd_kafka_consume_batch_queue(partition->queue, 0, messages, max);
    size_t taken = 0;
    for (ssize_t i = 0; i < count; i++) {
        if (messages[i]->err != 0) {
            on_trouble(partition, messages[i]);
        } else if (messages[i]->offset >= partition->next) { /* what was prefetched before a move comes twice */
            hand_over(partition, messages[i], on_record);
            taken++;
        }
        rd_kafka_message_destroy(messages[i]);
    }
    if (taken > 0)
        partition->passed_before = -1;
    *more = count == (ssize_t)max;
    return taken;
}

size_t consumer_take(struct consumer_partition *partition, size_t max, consumer_record_cb on_record)
{
    size_t taken = 0;
    bool more = !partition->given_back;
    while (more && taken < max) {
        size_t batch = max - taken < BATCH ? max - taken : BATCH;
        taken += take_batch(partition, batch, on_record, &more);
    }
    return taken;
}

void partition_signal(struct consumer_partition *partition)
{
    struct consumer *consumer = partition->consumer;
    atomic_store(&partition->signalled, true);
    if (!atomic_exchange(&consumer->awake, true))
        wakeup_signal(&consumer->wakeup);
}

/* Runs on a thread of librdkafka, inside the queue's lock. */
static void on_queue_filled(rd_kafka_t *handle, void *opaque)
{
    (void)handle;
    partition_signal(opaque);
}

/* Before the assignment, so that no record takes the way through the consumer's common queue. */
struct consumer_partition *partition_open(struct consumer *consumer, int32_t number, int64_t start)
{
    struct consumer_partition *partition = mem_zalloc(sizeof(*partition));
    partition->consumer = consumer;
    partition->number = number;
    partition->next = start;
    partition->passed_before = -1;
    partition->stable = -1;
    partition->topic = consumer->topic;
    partition->queue = rd_kafka_queue_get_partition(consumer->handle, consumer->options.topic, number);
    assert(partition->queue != NULL); /* refused only for handles that do not consume */
    rd_kafka_queue_forward(partition->queue, NULL);
    rd_kafka_queue_cb_event_enable(partition->queue, on_queue_filled, partition);
    partition_signal(partition); /* what an earlier assignment left in it would hide that it fills */
    list_push(&consumer->partitions, &partition->link);
    return partition;
}

void partition_close(struct consumer_partition *partition)
{
    rd_kafka_queue_cb_event_enable(partition->queue, NULL, NULL); /* from here on no thread knows it */
    rd_kafka_queue_destroy(partition->queue);
    list_remove(&partition->link);
    mem_free(partition);
}

struct consumer_partition *consumer_find(const struct consumer *consumer, int32_t number)
{
    list_each(link, &consumer->partitions) {
        struct consumer_partition *partition = list_entry(link, struct consumer_partition, link);
        if (partition->number == number)
            return partition;
    }
    return NULL;
}

int64_t partition_passed(const struct consumer_partition *partition)
{
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, partition->consumer->options.topic, partition->number);
    rd_kafka_resp_err_t code = rd_kafka_position(partition->consumer->handle, one);
    int64_t offset = code == RD_KAFKA_RESP_ERR_NO_ERROR ? one->elems[0].offset : RD_KAFKA_OFFSET_INVALID;
    rd_kafka_topic_partition_list_destroy(one);
    return offset;
}

void consumer_position(const struct consumer_partition *partition, struct consumer_position *position)
{
    const struct consumer *consumer = partition->consumer;
    *position = (struct consumer_position){ .next = partition->next, .end = -1 };
    position->prefetched = rd_kafka_queue_length(partition->queue);
    int64_t beyond = partition_passed(partition);
    if (beyond > position->next && beyond != partition->passed_before)
        position->next = beyond;
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(consumer->handle, consumer->options.topic, partition->number, &low, &high) == 0 && high >= 0)
        position->end = high;
    position->undecided = partition->stable >= 0 && partition->stable <= position->next && position->next < position->end;
}

const struct topic_id *consumer_topic_id(const struct consumer_partition *partition)
{
    return &partition->topic;
}
