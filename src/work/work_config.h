/* work_config: the `work:` part of a stream.
 *
 *   work: { group: worker_group_1, handler: { simulate: { min: 100ms, range: 100ms, fail: 0.1 } }, order: partition, queue: 100,
 *           retry: { retries: 3, base: 40ms, max: 400ms, jitter: 30ms }, dead: jobs_topic-dlq } */
#pragma once

#include "config/config.h"
#include "io/kafka/topic_config.h"
#include "work/handler_config.h"

#include <stdbool.h>
#include <stdint.h>

struct work_retry_config {
    int64_t retries;
    uint64_t base_us;
    uint64_t max_us;
    uint64_t jitter_us;
};

struct work_window_config {
    int64_t records;
    uint64_t bytes;
};

struct work_commit_config {
    uint64_t interval_us;
    uint64_t timeout_us; /* of a transaction */
};

enum work_guarantee { WORK_AT_LEAST_ONCE, WORK_EXACTLY_ONCE };

enum work_assignor { ASSIGNOR_AUTO, ASSIGNOR_COOPERATIVE_STICKY, ASSIGNOR_RANGE, ASSIGNOR_ROUNDROBIN, ASSIGNOR_UNIFORM };

struct work_config {
    const char *group;
    const char *instance; /* NULL: a new member each time */
    struct handler_config handler;
    int order;     /* enum lane_order */
    int64_t queue; /* records that wait and could run, in all partitions together */
    struct work_window_config window;
    uint64_t prefetch_bytes;
    int64_t concurrency; /* 0: the pool's slots */
    struct work_commit_config commit;
    uint64_t drain_us;
    int start;           /* enum consumer_start */
    uint64_t timeout_us; /* of one attempt; 0: none */
    struct work_retry_config retry;
    struct topic_config output; /* name NULL: none: what is done leaves nothing behind */
    int guarantee;              /* enum work_guarantee */
    struct topic_config dead;   /* name NULL: none: a record that cannot be worked is logged, counted and done */
    int protocol;               /* enum consumer_protocol */
    int assignor;               /* enum work_assignor */
    uint64_t session_us;        /* 0: not given; see work_session_us */
    uint64_t heartbeat_us;      /* the same */
    uint64_t max_poll_us;
    struct config_list properties; /* of struct config_pair, for librdkafka's consumer */
};

extern const struct config_schema work_schema;

/* By enum lane_order; ends with NULL. */
extern const char *const work_orders[];

/* As librdkafka calls it; NULL: the broker's own. */
const char *work_assignor_name(const struct work_config *config);

/* What holds under the protocol `classic`; under `consumer` both are the broker's. */
uint64_t work_session_us(const struct work_config *config);
uint64_t work_heartbeat_us(const struct work_config *config);
