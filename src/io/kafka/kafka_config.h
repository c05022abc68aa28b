/* kafka_config: what the configuration says about the brokers and about producers.
 *
 *   kafka:     { brokers: "a:9092,b:9092", security: {...}, properties: { <librdkafka property>: <value> } }
 *   kafka:     embedded                      # the in-process cluster of io/kafka/embedded; also when absent
 *   producers: { <name>: { acks: all, idempotent: true, linger: 500us, ... } }
 *
 * `properties` go to librdkafka as they stand, after our own defaults; those which would break a promise of this
 * program, or which have a key of their own, are refused by the schemas' checks (see reserved in kafka_config.c). */
#pragma once

#include "config/config.h"
#include "core/breaker_config.h"

#include <stdbool.h>
#include <stdint.h>

enum kafka_protocol { KAFKA_PLAINTEXT, KAFKA_SSL, KAFKA_SASL_PLAINTEXT, KAFKA_SASL_SSL };
enum kafka_mechanism { KAFKA_PLAIN, KAFKA_SCRAM_SHA_256, KAFKA_SCRAM_SHA_512 };

struct kafka_security {
    int protocol;  /* enum kafka_protocol */
    int mechanism; /* enum kafka_mechanism */
    const char *user;
    const char *password;
    const char *ca;          /* PEM file; NULL: the system's authorities */
    const char *certificate; /* PEM file of ours, with its key */
    const char *key;
    const char *key_password;
};

struct kafka_config {
    const char *brokers; /* host:port,... ; NULL, empty or "embedded": no brokers */
    const char *client_id;
    uint64_t statistics_us; /* 0: none */
    struct kafka_security security;
    struct config_list properties; /* of struct config_pair */
};

enum producer_acks { PRODUCER_ACKS_NONE, PRODUCER_ACKS_LEADER, PRODUCER_ACKS_ALL };

struct producer_config {
    const char *name;
    int acks; /* enum producer_acks */
    bool idempotent;
    uint64_t linger_us;
    int64_t batch_records;
    uint64_t batch_bytes;
    int compression; /* index into none, gzip, snappy, lz4, zstd */
    uint64_t deadline_us;
    int64_t queue_records; /* without a report yet; more are refused */
    uint64_t queue_bytes;
    struct breaker_config breaker; /* one breaker a topic */
    struct config_list properties; /* of struct config_pair */
};

extern const struct config_schema kafka_schema;
extern const struct config_schema producer_schema; /* of one entry in the dict `producers` */

bool kafka_config_embedded(const struct kafka_config *config);

/* A check for schemas with a `properties` map: reports each property that librdkafka does not know or whose value it does not
 * take, and each that is reserved, with the key to use instead. */
void kafka_config_check_properties(const struct config_list *properties, const struct config_place *place, struct config_report *report);
