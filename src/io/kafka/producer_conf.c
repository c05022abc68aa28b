#include "io/kafka/producer_state.h"

#include <stdio.h>

/* What a topic takes by default (max.message.bytes: 1 MiB and a batch's frame), and what a dead letter's own headers may add to a
 * record that was taken. librdkafka's default of 1,000,000 refuses records that the broker has room for. Not more than needed:
 * librdkafka makes its batches' buffers up to this size. */
#define TOPIC_MAX_BYTES   1048588
#define OWN_HEADERS_BYTES 1024

/* With a partitioner of librdkafka's, records without a key are spread by time: it keeps them on one partition for this long and then
 * draws another, so that batches fill. Two lingers cover a batch; at least 2 ms, because the property has whole milliseconds, and 0 would
 * draw a partition for each record (measured on 20 partitions with 64 records on their way: 2 us of CPU a record against 6 to 10). 0 leaves
 * all of them to our own (producer_partition.c). */
static unsigned sticky_ms(const struct producer_config *config, bool partitions)
{
    if (partitions)
        return 0;
    uint64_t milliseconds = config->linger_us * 2 / 1000;
    return milliseconds < 2 ? 2 : (unsigned)milliseconds;
}

static int set_promises(rd_kafka_conf_t *conf, const struct producer_config *config, struct error *err)
{
    static const char *const acks[] = { "0", "1", "all" };
    if (client_set(conf, err, "acks", "%s", acks[config->acks]) != 0 ||
        client_set(conf, err, "enable.idempotence", "%s", config->idempotent ? "true" : "false") != 0)
        return E_INVALID;
    return client_set(conf, err, "message.timeout.ms", "%llu", (unsigned long long)(config->deadline_us / 1000));
}

static int set_batches(rd_kafka_conf_t *conf, const struct producer_config *config, bool partitions, struct error *err)
{
    static const char *const compressions[] = { "none", "gzip", "snappy", "lz4", "zstd" };
    if (client_set(conf, err, "linger.ms", "%.3f", (double)config->linger_us / 1000) != 0 ||
        client_set(conf, err, "sticky.partitioning.linger.ms", "%u", sticky_ms(config, partitions)) != 0 ||
        client_set(conf, err, "batch.num.messages", "%lld", (long long)config->batch_records) != 0 ||
        client_set(conf, err, "batch.size", "%llu", (unsigned long long)config->batch_bytes) != 0)
        return E_INVALID;
    if (client_set(conf, err, "message.max.bytes", "%d", TOPIC_MAX_BYTES + OWN_HEADERS_BYTES) != 0)
        return E_INVALID;
    return client_set(conf, err, "compression.codec", "%s", compressions[config->compression]);
}

/* The queue's limits are ours (producer_room): librdkafka's must never come first. */
static int set_queue(rd_kafka_conf_t *conf, struct error *err)
{
    if (client_set(conf, err, "queue.buffering.max.messages", "0") != 0)
        return E_INVALID;
    return client_set(conf, err, "queue.buffering.max.kbytes", "2147483647");
}

int producer_conf_fill(rd_kafka_conf_t *conf, const struct producer_config *config, bool partitions, struct error *err)
{
    if (set_promises(conf, config, err) != 0 || set_batches(conf, config, partitions, err) != 0 || set_queue(conf, err) != 0)
        return E_INVALID;
    return client_set_all(conf, &config->properties, err);
}

rd_kafka_conf_t *producer_conf(const struct producer *producer, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(&producer->options.target, producer->label, err);
    if (conf == NULL)
        return NULL;
    if (producer_conf_fill(conf, producer->options.config, producer_partitions(producer), err) != 0 ||
        client_statistics_set(producer->statistics, conf, producer->options.target.config, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    return conf;
}

rd_kafka_topic_conf_t *producer_topic_conf(rd_kafka_t *client, uint64_t deadline_us, struct error *err)
{
    char reason[256];
    char value[32];
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(client);
    snprintf(value, sizeof(value), "%llu", (unsigned long long)(deadline_us / 1000));
    if (rd_kafka_topic_conf_set(conf, "message.timeout.ms", value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
        return conf;
    error_set(err, E_INVALID, "deadline %s ms: %s", value, reason);
    rd_kafka_topic_conf_destroy(conf);
    return NULL;
}
