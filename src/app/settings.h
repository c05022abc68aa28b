/* settings: the whole configuration of a process, composed from the tables of its modules. docs/configuration.md is made
 * from settings_schema. */
#pragma once

#include "api/admin.h"
#include "api/route_config.h"
#include "app/views_config.h"
#include "base/metrics.h"
#include "config/config.h"
#include "ingest/ingest_config.h"
#include "io/curl/exporter_config.h"
#include "io/http/http_config.h"
#include "io/kafka/kafka_config.h"
#include "io/kafka/topic_config.h"
#include "io/pool/pool_config.h"
#include "io/redis/redis_config.h"
#include "trace/trace_config.h"
#include "watch/watch_config.h"
#include "work/work_config.h"

struct stream_config {
    const char *name;
    struct topic_config topic;
    struct config_list shape; /* of struct shape_field_config */
    struct ingest_config ingest;
    struct work_config work; /* group NULL: the stream is not worked here */
    struct watch_config watch;
};

struct listener_config {
    const char *name;
    struct http_config http;
    struct config_list routes; /* of struct route_config */
    bool optional;
};

/* `traces:`, joined of its parts. */
struct traces_config {
    struct trace_config trace;
    struct exporter_config export;
};

struct log_config {
    int level; /* enum log_level */
    int form;  /* enum log_form */
};

struct settings {
    struct kafka_config kafka;
    struct redis_config redis;
    struct pool_config pool;
    struct config_list producers; /* of struct producer_config */
    struct config_list streams;   /* of struct stream_config */
    struct config_list listeners; /* of struct listener_config */
    struct metrics_config metrics;
    struct traces_config traces;
    struct log_config log;
    struct admin_config admin;
    uint64_t shutdown_us;
};

extern const struct config_schema settings_schema;

/* The check of settings_schema: what must fit together across its parts. */
void settings_check(const void *object, const struct config_place *place, struct config_report *report);

/* Where a configuration comes from. */
struct settings_source {
    const char *file; /* NULL: the built-in quickstart */
    struct config_override *overrides;
    size_t override_count;
};

/* As config_read: the config is the caller's also when the report has mistakes. */
struct config *settings_read(struct settings *settings, const struct settings_source *source, struct config_report *report);

/* A line in the log for each warning. */
void settings_log_warnings(const struct config_report *report);

/* NULL when there is none of that name. */
const struct stream_config *settings_stream(const struct settings *settings, const char *name);
const struct producer_config *settings_producer(const struct settings *settings, const char *name);
