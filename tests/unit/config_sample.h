/* config_sample: a schema with every type, for the tests of config/ and its fuzz target. */
#pragma once

#include "config/config.h"

#include <stddef.h>
#include <stdint.h>

enum order { ORDER_PARTITION, ORDER_KEY, ORDER_NONE };

struct work_sample {
    const char *group;
    int order;
    uint64_t timeout_us;
};

struct stream_sample {
    const char *name;
    const char *topic;
    double share;
    const yyjson_val *reply;
    struct work_sample work;
};

struct kafka_sample {
    const char *brokers;
    const char *password;
    struct config_list properties;
};

struct route_sample {
    const char *on;
    struct config_list use;
};

struct sample {
    struct kafka_sample kafka;
    const char *store;
    bool eager;
    int64_t workers;
    uint64_t linger_us;
    uint64_t buffer_bytes;
    struct config_list streams; /* of struct stream_sample */
    struct config_list routes;  /* of struct route_sample */
};

static const char *const sample_orders[] = { "partition", "key", "none", NULL };

static void sample_check_work(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct work_sample *work = object;
    if (work->order == ORDER_NONE && work->timeout_us == 0)
        config_mistake(report, place, "found order: none without a timeout; allowed: a timeout above 0");
    if (work->order == ORDER_KEY && work->timeout_us > 1800000000)
        config_mistake_at(report, place, "timeout", "found more than 30m; allowed: up to 30m with order: key");
}

static const struct config_field sample_work_fields[] = {
    { "group", CONFIG_STRING, offsetof(struct work_sample, group), .doc = "Who works.", .required = true },
    { "order", CONFIG_ENUM, offsetof(struct work_sample, order), "partition", "What stays in order.", .choices = sample_orders },
    { "timeout", CONFIG_DURATION, offsetof(struct work_sample, timeout_us), "0", "How long a job may take.", .max = 3.6e9 },
    { 0 },
};

static const struct config_schema sample_work = {
    .name = "work", .size = sizeof(struct work_sample), .fields = sample_work_fields, .check = sample_check_work
};

static const struct config_field sample_stream_fields[] = {
    { "topic", CONFIG_STRING, offsetof(struct stream_sample, topic), .doc = "The topic's name.", .required = true },
    { "share", CONFIG_NUMBER, offsetof(struct stream_sample, share), "0.5", "A share.", .reloadable = true, .min = 0, .max = 1 },
    { "reply", CONFIG_JSON, offsetof(struct stream_sample, reply), .doc = "A | template." },
    { "work", CONFIG_STRUCT, offsetof(struct stream_sample, work), .doc = "How it is worked.", .schema = &sample_work },
    { 0 },
};

static const struct config_schema sample_stream = {
    .name = "Stream of events",
    .doc = "A topic and what happens around it.",
    .size = sizeof(struct stream_sample),
    .fields = sample_stream_fields,
    .key_offset = offsetof(struct stream_sample, name),
};

static const struct config_field sample_kafka_fields[] = {
    { "brokers", CONFIG_STRING, offsetof(struct kafka_sample, brokers), "embedded", .doc = "Where Kafka is." },
    { "password", CONFIG_SECRET, offsetof(struct kafka_sample, password), .doc = "For Kafka." },
    { "properties", CONFIG_MAP, offsetof(struct kafka_sample, properties), .doc = "For librdkafka." },
    { 0 },
};

static const struct config_schema sample_kafka = {
    .name = "kafka", .size = sizeof(struct kafka_sample), .fields = sample_kafka_fields, .shorthand = "brokers"
};

static const struct config_field sample_route_fields[] = {
    { "on", CONFIG_STRING, offsetof(struct route_sample, on), .doc = "Method and path." },
    { "use", CONFIG_LIST, offsetof(struct route_sample, use), .doc = "Bundles." },
    { 0 },
};

static const struct config_schema sample_route = { .name = "route", .size = sizeof(struct route_sample), .fields = sample_route_fields };

static const struct config_field sample_fields[] = {
    { "kafka", CONFIG_STRUCT, offsetof(struct sample, kafka), .doc = "Kafka.", .schema = &sample_kafka },
    { "store", CONFIG_STRING, offsetof(struct sample, store), "", .doc = "A URL." },
    { "eager", CONFIG_BOOL, offsetof(struct sample, eager), "true", .doc = "At once?" },
    { "workers", CONFIG_INT, offsetof(struct sample, workers), "10", "Jobs at once.", .reloadable = true, .min = 1, .max = 1000 },
    { "linger", CONFIG_DURATION, offsetof(struct sample, linger_us), "500us", "How long a batch waits.", .max = 1e6 },
    { "buffer", CONFIG_SIZE, offsetof(struct sample, buffer_bytes), "64MiB", "Of all.", .min = 1024, .max = 1e19 },
    { "streams", CONFIG_DICT, offsetof(struct sample, streams), .doc = "By name.", .schema = &sample_stream },
    { "routes", CONFIG_LIST, offsetof(struct sample, routes), .doc = "In order.", .schema = &sample_route },
    { 0 },
};

static const struct config_schema sample_schema = {
    .name = "configuration", .doc = "All of it.", .size = sizeof(struct sample), .fields = sample_fields
};
