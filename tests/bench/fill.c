/* fill: writes records for benchmarks, as fast as it can or at a rate.
 *
 * fill BROKERS TOPIC RECORDS KEYS            RECORDS of 100 bytes of JSON; each of KEYS keys in turn, in a mixed order
 * fill BROKERS TOPIC RECORDS KEYS RATE HOT   RATE a second; HOT percent of them have one key and go to partition 0, the others to the
 *                                            other partitions. At the end a line for each: "PARTITION OFFSET US", when it was sent */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUE_SIZE 100

struct sent {
    int64_t us; /* wall clock */
    int32_t partition;
    int64_t offset;
};

static struct sent *sent;
static long failed;

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void on_report(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    (void)opaque;
    struct sent *one = message->_private;
    failed += message->err != 0;
    if (one == NULL)
        return;
    one->partition = message->partition;
    one->offset = message->offset;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char reason[200];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
        return;
    fprintf(stderr, "%s\n", reason);
    exit(1);
}

static rd_kafka_t *open_producer(const char *brokers, int paced)
{
    char reason[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "linger.ms", paced ? "0.5" : "20");
    set(conf, "batch.size", "65536");
    set(conf, "queue.buffering.max.messages", "1000000");
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    if (kafka == NULL) {
        fprintf(stderr, "%s\n", reason);
        exit(1);
    }
    return kafka;
}

static void write_one(rd_kafka_t *kafka, const char *topic, int32_t partition, const char *key, struct sent *one)
{
    static char value[VALUE_SIZE + 1];
    if (value[0] == '\0')
        snprintf(value, sizeof(value), "{\"text\":\"%0*d\"}", VALUE_SIZE - 11, 0);
    rd_kafka_resp_err_t code;
    do {
        code = rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, strlen(key)),
                                 RD_KAFKA_V_VALUE(value, VALUE_SIZE), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(one),
                                 RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(kafka, 10);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    failed += code != 0;
}

/* Multiples of a prime visit every key once a round, far from one another. */
static unsigned long mixed(unsigned long i, unsigned long keys)
{
    return (i % keys) * 2654435761UL % keys;
}

static void fill(rd_kafka_t *kafka, const char *topic, long records, unsigned long keys)
{
    char key[32];
    for (long i = 0; i < records; i++) {
        snprintf(key, sizeof(key), "key-%lu", mixed((unsigned long)i, keys));
        write_one(kafka, topic, RD_KAFKA_PARTITION_UA, key, NULL);
        if (i % 1000 == 0)
            rd_kafka_poll(kafka, 0);
    }
}

static int32_t partitions_of(rd_kafka_t *kafka, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    if (rd_kafka_metadata(kafka, 0, handle, &metadata, 10000) != 0)
        exit(1);
    int32_t count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return count;
}

static void fill_at_rate(rd_kafka_t *kafka, const char *topic, long records, unsigned long keys, double rate, int hot)
{
    int32_t others = partitions_of(kafka, topic) - 1;
    sent = calloc((size_t)records, sizeof(*sent));
    int64_t began_us = wall_us();
    char key[32];
    for (long i = 0; i < records; i++) {
        int64_t due_us = began_us + (int64_t)((double)i * 1e6 / rate);
        while ((sent[i].us = wall_us()) < due_us)
            rd_kafka_poll(kafka, (int)((due_us - sent[i].us) / 1000));
        unsigned long number = mixed((unsigned long)i, keys);
        if (i * 61 % 100 < hot) {
            write_one(kafka, topic, 0, "hot", &sent[i]);
            continue;
        }
        snprintf(key, sizeof(key), "key-%lu", number);
        write_one(kafka, topic, 1 + (int32_t)(number % (unsigned long)others), key, &sent[i]);
    }
}

static void print_sent(long records)
{
    for (long i = 0; i < records; i++)
        printf("%d %lld %lld\n", sent[i].partition, (long long)sent[i].offset, (long long)sent[i].us);
    free(sent);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 7) {
        fprintf(stderr, "usage: fill BROKERS TOPIC RECORDS KEYS [RATE HOT_PERCENT]\n");
        return 2;
    }
    int paced = argc == 7;
    long records = atol(argv[3]);
    unsigned long keys = strtoul(argv[4], NULL, 10);
    rd_kafka_t *kafka = open_producer(argv[1], paced);
    if (paced)
        fill_at_rate(kafka, argv[2], records, keys, atof(argv[5]), atoi(argv[6]));
    else
        fill(kafka, argv[2], records, keys);
    rd_kafka_flush(kafka, 60000);
    if (paced)
        print_sent(records);
    rd_kafka_destroy(kafka);
    if (failed > 0)
        fprintf(stderr, "%ld records were not stored\n", failed);
    return failed > 0;
}
