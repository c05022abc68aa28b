/* node: one running process: what its configuration names, started in order and ended in reverse.
 *
 *   loop, metrics, stats
 *     embedded cluster | brokers ; Redis ; the collector of traces
 *       topics, producers
 *         streams: ingest, work
 *           listeners: routes -> actions
 *
 * Every part is a field here, and nothing is global. The parts know nothing of each other; this is where they are joined. */
#pragma once

#include "api/action.h"
#include "app/loop_monitor.h"
#include "app/process_stats.h"
#include "app/roles.h"
#include "app/settings.h"
#include "app/views.h"
#include "base/arena.h"
#include "config/config.h"
#include "io/curl/exporter.h"
#include "io/http/server.h"
#include "io/kafka/embedded.h"
#include "io/kafka/producer.h"
#include "io/kafka/topics.h"
#include "io/pool/pool.h"
#include "io/profiler/profiler.h"
#include "io/redis/redis.h"
#include "trace/tracer.h"
#include "watch/watch.h"
#include "work/work.h"

#include <stdbool.h>
#include <uv.h>

struct node;

struct node_producer {
    struct node *node;
    struct producer *producer;
    struct health_check check;
    char check_name[80];
};

struct stream_check {
    struct health_check check;
    char name[80];
};

struct stream {
    const struct stream_config *config;
    struct topic *topic;
    struct topic *dead_topic, *output_topic; /* NULL: none, or it is not worked here */
    struct node_producer *producer;
    struct producer_topic *out;
    struct {
        uint64_t topic, output, dead;
    } narrow;                                                        /* the limits of its topics that were warned of; 0: none */
    struct ingest *ingest;                                           /* NULL: no route of this process needs it */
    struct work *work;                                               /* NULL: not worked here */
    struct watch *watch;                                             /* NULL: not watched here */
    struct stream_check limiter_check, work_check, publishing_check; /* of what it has */
};

/* A listener with what it answers. */
struct routes {
    struct node *node;
    const struct listener_config *config;
    struct http_listener *http;
    struct router *router;
    struct route *rows;
    size_t row_count;
    struct http_route unknown; /* what 404 and 405 are counted under */
};

struct node {
    uv_loop_t loop;
    const struct settings *settings;
    struct config *config;
    struct roles roles;

    struct arena arena; /* what lives as long as the node */
    struct metrics *metrics;
    struct stats stats;
    struct random random;
    struct tracer *tracer;
    struct stats_section spans;
    struct health health;
    struct api api;
    struct loop_monitor monitor;
    struct process_stats process;

    struct pool pool;
    struct profiler profiler;
    struct work_shared shared;
    struct embedded *embedded; /* NULL: real brokers */
    struct redis *redis;       /* NULL: limits are local */
    struct exporter *exporter; /* NULL: spans stay in memory */
    struct topics *topics;
    struct watch_shared watching;
    struct producer_stats producer_stats;
    struct statistics statistics;
    struct node_producer *producers; /* as in settings */
    struct stream *streams;          /* as in settings */
    struct http_server *http;
    struct routes *routes; /* of each listener, as in settings */
    struct health_check topics_check, work_life;
    bool topics_were_ready;
    unsigned pressed; /* producers under pressure: bodies are not read while any is */
};

/* Starts everything. `settings` and `config` are borrowed. On failure returns a code with a sentence; the process must end
 * then: nothing was accepted, and what was started is not taken back. */
int node_start(struct node *node, const struct settings *settings, struct config *config, const struct roles *roles, struct error *err);

/* --- the parts, one file each --- */

struct client_target node_target(const struct node *node);

/* To the collector of traces, if there is one. */
int exporting_open(struct node *node, struct error *err);

int producers_open(struct node *node, struct error *err);

int stream_open(struct stream *stream, struct node *node, const struct stream_config *config, struct error *err);
/* Warns, once, when its topic takes smaller batches than its producer makes. */
void stream_check_batches(struct stream *stream, const struct node *node);
int stream_start(struct stream *stream, struct node *node, struct error *err);
struct stream *node_stream(struct node *node, const char *name);

/* What routes_open would say of the routes themselves; opens nothing. */
int routes_check(const struct settings *settings, const struct roles *roles, const struct listener_config *config, struct error *err);
int routes_open(struct routes *routes, struct node *node, const struct listener_config *config, struct error *err);
void routes_free(struct routes *routes);
