/* raw_consumer: the least that can be done to read a topic: librdkafka, one queue, batches; the bytes are looked at, nothing is kept,
 * committed or counted by key. What the way out is measured against.
 *
 * raw_consumer BROKERS TOPIC GROUP RECORDS     prints "RECORDS_A_SECOND CPU_US_A_RECORD", from the first record to the last */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define BATCH 1000

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of all threads. */
static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char reason[200];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
        return;
    fprintf(stderr, "%s\n", reason);
    exit(1);
}

static rd_kafka_t *open_consumer(const char *brokers, const char *topic, const char *group)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.commit", "false");
    char reason[200];
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    if (kafka == NULL) {
        fprintf(stderr, "%s\n", reason);
        exit(1);
    }
    rd_kafka_poll_set_consumer(kafka);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(kafka, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return kafka;
}

static volatile unsigned char looked_at;

static long take(rd_kafka_queue_t *queue)
{
    static rd_kafka_message_t *messages[BATCH];
    ssize_t count = rd_kafka_consume_batch_queue(queue, 1000, messages, BATCH);
    long records = 0;
    for (ssize_t i = 0; i < count; i++) {
        if (messages[i]->err == 0 && messages[i]->len > 0 && messages[i]->key_len > 0) {
            looked_at = ((const unsigned char *)messages[i]->payload)[0] ^ ((const unsigned char *)messages[i]->key)[0];
            records++;
        }
        rd_kafka_message_destroy(messages[i]);
    }
    return records;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: raw_consumer BROKERS TOPIC GROUP RECORDS\n");
        return 2;
    }
    long wanted = atol(argv[4]);
    rd_kafka_t *kafka = open_consumer(argv[1], argv[2], argv[3]);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);

    long first = 0;
    while (first == 0)
        first = take(queue);
    double began = seconds(), began_cpu = cpu_seconds();
    long read = first;
    while (read < wanted)
        read += take(queue);
    double took = seconds() - began, used = cpu_seconds() - began_cpu;
    printf("%.0f %.3f\n", (double)(read - first) / took, used * 1e6 / (double)(read - first));

    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    return 0;
}
