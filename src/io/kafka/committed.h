/* committed: asks for the commits of a handle's own group (its `group.id`, whether it has joined or not).
 *
 * On a worker thread, for librdkafka's one question of this kind that does not block, the admin request ListConsumerGroupOffsets, ends
 * the process with an assertion when the coordinator goes away while it is asked (2.14; librdkafka's issues 3663 and 4605). So does
 * DescribeConsumerGroups. This one follows a coordinator that moves, and does not take offsets that a transaction has yet to decide
 * about. Loop thread only. */
#pragma once

#include <librdkafka/rdkafka.h>
#include <uv.h>

/* Embedded by whoever asks; nothing of it may be touched until `done`. */
struct committed {
    uv_work_t work;
    rd_kafka_t *handle;
    rd_kafka_topic_partition_list_t *partitions; /* the asker's again in `done`: with offsets (< 0: none) and metadata */
    int timeout_ms;
    rd_kafka_resp_err_t code; /* 0, or why there is no answer */
    void (*done)(struct committed *committed);
};

/* Takes `partitions`. `done` is called once, later, after `timeout_ms` at the latest; the handle must live until then. */
void committed_ask(struct committed *committed, uv_loop_t *loop, rd_kafka_t *handle, rd_kafka_topic_partition_list_t *partitions,
                   int timeout_ms, void (*done)(struct committed *committed));
