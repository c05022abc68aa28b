#include "io/kafka/embedded.h"

#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/backlog.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <string.h>

/* librdkafka's own limits for a partition of its mock cluster (rdkafka_mock.c: max_size, max_cnt). */
#define PARTITION_BYTES_MAX   (5 * 1024 * 1024)
#define PARTITION_RECORDS_MAX 100000
/* A batch of one record: 61 bytes of batch header, and at most 36 of lengths, deltas and attributes (KIP-98). */
#define RECORD_OVERHEAD 100

const char *const embedded_warning =
    "no Kafka brokers are configured: the embedded broker is used, which keeps records in memory only. Nothing survives the end of "
    "this process, and about 5 MiB of unfinished records fit into a partition; then input is refused. "
    "Set kafka.brokers (KAFKA_BROKERS in the examples) for records that last";

struct embedded_topic {
    struct list link; /* in embedded.topics */
    char *name;
    int32_t partition_count;
    uint64_t in_flight_bytes; /* admitted, without a report yet: each may go to any partition */
    uint64_t in_flight_records;
    uint64_t fullest_bytes; /* of all partitions */
    uint64_t fullest_records;
    struct backlog partitions[];
};

struct embedded {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    struct list topics;
    uv_work_t work;
    void (*closed)(void *arg);
    void *closed_arg;
};

static uint64_t cost(size_t size_bytes)
{
    return size_bytes + RECORD_OVERHEAD;
}

int embedded_admit(struct embedded_topic *topic, size_t size_bytes, struct error *err)
{
    uint64_t bytes = topic->fullest_bytes + topic->in_flight_bytes + cost(size_bytes);
    uint64_t records = topic->fullest_records + topic->in_flight_records + 1;
    if (bytes > PARTITION_BYTES_MAX || records > PARTITION_RECORDS_MAX)
        return error_set(err, E_UNAVAILABLE,
                         "topic %s is full: the embedded broker holds %llu bytes in %llu records that are not worked off", topic->name,
                         (unsigned long long)bytes, (unsigned long long)records);
    topic->in_flight_bytes += cost(size_bytes);
    topic->in_flight_records++;
    return 0;
}

void embedded_dropped(struct embedded_topic *topic, size_t size_bytes)
{
    topic->in_flight_bytes -= cost(size_bytes);
    topic->in_flight_records--;
}

void embedded_stored(struct embedded_topic *topic, int32_t partition, int64_t offset, size_t size_bytes)
{
    embedded_dropped(topic, size_bytes);
    if (partition < 0 || partition >= topic->partition_count)
        return;
    struct backlog *backlog = &topic->partitions[partition];
    backlog_add(backlog, offset, cost(size_bytes));
    if (backlog->bytes > topic->fullest_bytes)
        topic->fullest_bytes = backlog->bytes;
    if (backlog->records > topic->fullest_records)
        topic->fullest_records = backlog->records;
}

static void find_fullest(struct embedded_topic *topic)
{
    topic->fullest_bytes = 0;
    topic->fullest_records = 0;
    for (int32_t i = 0; i < topic->partition_count; i++) {
        const struct backlog *backlog = &topic->partitions[i];
        if (backlog->bytes > topic->fullest_bytes)
            topic->fullest_bytes = backlog->bytes;
        if (backlog->records > topic->fullest_records)
            topic->fullest_records = backlog->records;
    }
}

void embedded_note_done(struct embedded *embedded, const char *topic_name, int32_t partition, int64_t watermark)
{
    struct embedded_topic *topic = embedded_topic_find(embedded, topic_name);
    if (topic == NULL || partition < 0 || partition >= topic->partition_count)
        return;
    backlog_done(&topic->partitions[partition], watermark);
    find_fullest(topic);
}

double embedded_fill(const struct embedded_topic *topic)
{
    double bytes = (double)(topic->fullest_bytes + topic->in_flight_bytes) / PARTITION_BYTES_MAX;
    double records = (double)(topic->fullest_records + topic->in_flight_records) / PARTITION_RECORDS_MAX;
    return bytes > records ? bytes : records;
}

struct embedded_topic *embedded_topic_find(struct embedded *embedded, const char *name)
{
    list_each(link, &embedded->topics) {
        struct embedded_topic *topic = list_entry(link, struct embedded_topic, link);
        if (strcmp(topic->name, name) == 0)
            return topic;
    }
    return NULL;
}

struct embedded_topic *embedded_topic_create(struct embedded *embedded, const char *name, int32_t partitions, struct error *err)
{
    struct embedded_topic *topic = embedded_topic_find(embedded, name);
    if (topic != NULL)
        return topic;

    rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(embedded->cluster, name, partitions, 1);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_set(err, E_INVALID, "the embedded broker does not make topic %s: %s", name, rd_kafka_err2str(code));
        return NULL;
    }
    topic = mem_zalloc(sizeof(*topic) + (size_t)partitions * sizeof(topic->partitions[0]));
    topic->name = mem_strdup(name);
    topic->partition_count = partitions;
    list_push(&embedded->topics, &topic->link);
    return topic;
}

static void topic_free(struct embedded_topic *topic)
{
    for (int32_t i = 0; i < topic->partition_count; i++)
        backlog_free(&topic->partitions[i]);
    mem_free(topic->name);
    mem_free(topic);
}

/* The cluster needs a handle as its owner, which itself connects to nothing. */
static rd_kafka_t *open_owner(struct error *err)
{
    char reason[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "socket.nagle.disable", "true", NULL, 0); /* the cluster's sockets take it from here */
    rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);               /* it would warn that it has no brokers */
    rd_kafka_t *owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    if (owner == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(err, E_IO, "the embedded broker does not start: %s", reason);
    }
    return owner;
}

struct embedded *embedded_open(struct error *err)
{
    rd_kafka_t *owner = open_owner(err);
    if (owner == NULL)
        return NULL;
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, 1);
    if (cluster == NULL) {
        error_set(err, E_IO, "the embedded broker does not start: no port of 127.0.0.1 is to be had");
        rd_kafka_destroy(owner);
        return NULL;
    }
    rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0); /* 3 s by default, for members that nobody else will send */
    struct embedded *embedded = mem_zalloc(sizeof(*embedded));
    embedded->owner = owner;
    embedded->cluster = cluster;
    list_init(&embedded->topics);
    return embedded;
}

const char *embedded_bootstrap(const struct embedded *embedded)
{
    return rd_kafka_mock_cluster_bootstraps(embedded->cluster);
}

struct rd_kafka_mock_cluster_s *embedded_cluster(const struct embedded *embedded)
{
    return embedded->cluster;
}

static void destroy_cluster(uv_work_t *work)
{
    struct embedded *embedded = work->data;
    rd_kafka_mock_cluster_destroy(embedded->cluster);
    rd_kafka_destroy(embedded->owner);
}

static void on_destroyed(uv_work_t *work, int status)
{
    struct embedded *embedded = work->data;
    struct list *link;
    while ((link = list_pop(&embedded->topics)) != NULL)
        topic_free(list_entry(link, struct embedded_topic, link));
    embedded->closed(embedded->closed_arg);
    mem_free(embedded);
}

static void say_what_is_lost(const struct embedded *embedded)
{
    list_each(link, &embedded->topics) {
        const struct embedded_topic *topic = list_entry(link, struct embedded_topic, link);
        uint64_t lost = 0;
        for (int32_t i = 0; i < topic->partition_count; i++)
            lost += backlog_unfinished(&topic->partitions[i]);
        if (lost > 0)
            log_warn("kafka", "the embedded broker ends: %llu records of topic %s that were not worked off are lost",
                     (unsigned long long)lost, topic->name);
    }
}

void embedded_close(struct embedded *embedded, uv_loop_t *loop, void (*closed)(void *arg), void *arg)
{
    say_what_is_lost(embedded);
    embedded->closed = closed;
    embedded->closed_arg = arg;
    embedded->work.data = embedded;
    uv_queue_work(loop, &embedded->work, destroy_cluster, on_destroyed);
}
