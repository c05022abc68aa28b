/* raw_transactions: the usual loop of whoever reads, writes and commits exactly once with librdkafka alone: what has come within an
 * interval is written to another topic, and committed with the offsets in one transaction. Nothing goes on meanwhile. What `guarantee:
 * exactly_once` is measured against.
 *
 * raw_transactions BROKERS TOPIC GROUP RECORDS OUTPUT INTERVAL_MS     prints "RECORDS_A_SECOND CPU_US_A_RECORD", from the first record to
 *                                                                     the last */
#include "raw.h"

#include <string.h>

#define BATCH 1000

static void check(rd_kafka_error_t *error)
{
    if (error == NULL)
        return;
    fprintf(stderr, "%s\n", rd_kafka_error_string(error));
    exit(1);
}

static rd_kafka_t *open_producer(const char *brokers, const char *id)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "transactional.id", id);
    set(conf, "queue.buffering.max.messages", "0");
    set(conf, "linger.ms", "1");
    rd_kafka_t *kafka = open_handle(RD_KAFKA_PRODUCER, conf);
    check(rd_kafka_init_transactions(kafka, 60000));
    return kafka;
}

static void pass_on(rd_kafka_t *producer, rd_kafka_topic_t *output, const rd_kafka_message_t *message)
{
    if (rd_kafka_produce(output, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, message->payload, message->len, message->key, message->key_len,
                         NULL) != 0)
        exit(1);
    rd_kafka_poll(producer, 0);
}

/* What comes within the interval, one batch at least. */
static long pass_on_some(rd_kafka_queue_t *queue, rd_kafka_t *producer, rd_kafka_topic_t *output, double interval)
{
    static rd_kafka_message_t *messages[BATCH];
    double until = seconds() + interval;
    long records = 0;
    do {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 10, messages, BATCH);
        for (ssize_t i = 0; i < count; i++) {
            if (messages[i]->err == 0) {
                pass_on(producer, output, messages[i]);
                records++;
            }
            rd_kafka_message_destroy(messages[i]);
        }
    } while (seconds() < until);
    return records;
}

static void commit(rd_kafka_t *producer, rd_kafka_t *consumer)
{
    rd_kafka_topic_partition_list_t *positions;
    rd_kafka_assignment(consumer, &positions);
    rd_kafka_position(consumer, positions);
    rd_kafka_consumer_group_metadata_t *membership = rd_kafka_consumer_group_metadata(consumer);
    check(rd_kafka_send_offsets_to_transaction(producer, positions, membership, -1));
    check(rd_kafka_commit_transaction(producer, -1));
    rd_kafka_consumer_group_metadata_destroy(membership);
    rd_kafka_topic_partition_list_destroy(positions);
}

static long run_transaction(rd_kafka_t *producer, rd_kafka_t *consumer, rd_kafka_queue_t *queue, rd_kafka_topic_t *output, double interval)
{
    check(rd_kafka_begin_transaction(producer));
    long records = pass_on_some(queue, producer, output, interval);
    if (records > 0)
        commit(producer, consumer);
    else
        check(rd_kafka_abort_transaction(producer, -1));
    return records;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: raw_transactions BROKERS TOPIC GROUP RECORDS OUTPUT INTERVAL_MS\n");
        return 2;
    }
    long wanted = atol(argv[4]);
    double interval = atof(argv[6]) / 1000;
    rd_kafka_t *consumer = open_consumer(argv[1], argv[2], argv[3]);
    rd_kafka_t *producer = open_producer(argv[1], argv[3]);
    rd_kafka_topic_t *output = rd_kafka_topic_new(producer, argv[5], NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);

    long first = 0;
    while (first == 0)
        first = run_transaction(producer, consumer, queue, output, interval);
    double began = seconds(), began_cpu = cpu_seconds();
    long done = first;
    while (done < wanted)
        done += run_transaction(producer, consumer, queue, output, interval);
    double took = seconds() - began, used = cpu_seconds() - began_cpu;
    printf("%.0f %.3f\n", (double)(done - first) / took, used * 1e6 / (double)(done - first));

    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(consumer);
    rd_kafka_topic_destroy(output);
    rd_kafka_destroy(producer);
    rd_kafka_destroy(consumer);
    return 0;
}
