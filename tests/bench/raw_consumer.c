/* raw_consumer: the least that can be done to read a topic: librdkafka, one queue, batches; the bytes are looked at, nothing is kept,
 * committed or counted by key. What the way out is measured against.
 *
 * raw_consumer BROKERS TOPIC GROUP RECORDS     prints "RECORDS_A_SECOND CPU_US_A_RECORD", from the first record to the last */
#include "raw.h"

#define BATCH 1000

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
