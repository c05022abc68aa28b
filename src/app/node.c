#include "app/node.h"

#include "app/version.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "trace/tracer_stats.h"

#include <string.h>

static bool topics_are_ready(void *arg, struct error *err)
{
    struct node *node = arg;
    return topics_ready(node->topics, err);
}

static void on_topics_changed(void *arg)
{
    struct node *node = arg;
    struct error err;
    bool ready = topics_ready(node->topics, &err);
    if (ready && !node->topics_were_ready)
        log_info("node", "every topic is there: ready");
    else if (!ready)
        log_warn("node", "not ready: %s", err.message);
    node->topics_were_ready = ready;
    for (size_t i = 0; i < node->settings->streams.count; i++)
        stream_check_batches(&node->streams[i], node);
}

struct client_target node_target(const struct node *node)
{
    return (struct client_target){ .config = &node->settings->kafka, .embedded = node->embedded };
}

static int start_broker_side(struct node *node, struct error *err)
{
    if (kafka_config_embedded(&node->settings->kafka)) {
        node->embedded = embedded_open(err);
        if (node->embedded == NULL)
            return error_wrap(err, "embedded cluster");
    }
    struct client_target target = node_target(node);
    node->topics = topics_open(&node->loop, &target, err);
    return node->topics == NULL ? error_wrap(err, "kafka") : 0;
}

static int start_redis(struct node *node, struct error *err)
{
    if (redis_config_is_local(&node->settings->redis))
        return 0;
    node->redis = redis_start(&(struct redis_options){ &node->loop, &node->settings->redis, node->metrics, &node->stats }, err);
    return node->redis == NULL ? error_wrap(err, "redis") : 0;
}

static int open_streams(struct node *node, struct error *err)
{
    const struct stream_config *configs = node->settings->streams.items;
    node->streams = mem_zalloc((node->settings->streams.count + 1) * sizeof(*node->streams));
    for (size_t i = 0; i < node->settings->streams.count; i++)
        if (stream_open(&node->streams[i], node, &configs[i], err) != 0)
            return error_wrap(err, "streams.%s", configs[i].name);
    for (size_t i = 0; i < node->settings->streams.count; i++)
        if (stream_start(&node->streams[i], node, err) != 0)
            return error_wrap(err, "streams.%s", configs[i].name);
    return 0;
}

struct stream *node_stream(struct node *node, const char *name)
{
    for (size_t i = 0; i < node->settings->streams.count; i++)
        if (strcmp(node->streams[i].config->name, name) == 0)
            return &node->streams[i];
    return NULL;
}

static bool listens(const struct node *node)
{
    for (size_t i = 0; i < node->settings->listeners.count; i++)
        if (node->routes[i].http != NULL)
            return true;
    return false;
}

/* No mistake, where another process of the same file listens; but whoever looks for this one shall find out why there is nothing. */
static void tell_unseen(const struct node *node)
{
    if (listens(node))
        return;
    log_warn("node",
             "no listener is open, so there are no metrics, no health and no traces of this process to be seen: their routes are for "
             "other roles. One that has nothing but bundles (use: [health, metrics, debug]) opens in every process");
}

static int open_listener(struct routes *routes, struct node *node, const struct listener_config *config, struct error *err)
{
    int code = routes_open(routes, node, config, err);
    if (code == 0)
        return 0;
    error_wrap(err, "listen.%s", config->name);
    bool taken = code == E_UNAVAILABLE;
    if (!taken || !config->optional || !listens(node))
        return err->code;
    log_warn("node", "%s; it is optional, and the process goes on without it", err->message);
    return 0;
}

static int open_listeners(struct node *node, struct error *err)
{
    const struct listener_config *configs = node->settings->listeners.items;
    node->http = http_server_new(&node->loop, node->metrics, &node->stats);
    node->routes = mem_zalloc((node->settings->listeners.count + 1) * sizeof(*node->routes));
    for (size_t i = 0; i < node->settings->listeners.count; i++)
        if (open_listener(&node->routes[i], node, &configs[i], err) != 0)
            return err->code;
    tell_unseen(node);
    return 0;
}

static void watch_topics(struct node *node)
{
    node->topics_check = (struct health_check){ .name = "kafka", .ready = topics_are_ready, .arg = node };
    health_add(&node->health, &node->topics_check);
    topics_start(node->topics, on_topics_changed, node);
}

static bool works_are_alive(void *arg, struct error *err)
{
    return work_shared_alive(arg, err);
}

static yyjson_mut_val *fill_spans(void *tracer, yyjson_mut_doc *doc)
{
    return tracer_stats(tracer, doc, clock_us());
}

static void start_base(struct node *node)
{
    node->metrics = metrics_new();
    metrics_add_process(node->metrics);
    metrics_add_log(node->metrics);
    metric_set(metric(node->metrics, METRIC_BUILD_INFO, version_millrace(), version_librdkafka()), 1);
    stats_init(&node->stats);
    health_init(&node->health, node->metrics);
    random_init(&node->random);
    node->tracer = tracer_new(&node->settings->traces.trace, &node->random, node->metrics);
    node->api =
        (struct api){ node->metrics, &node->stats, &node->health, &node->settings->admin, &node->shared, &node->profiler, node->tracer };

    pool_prepare((size_t)node->settings->pool.max);
    uv_loop_init(&node->loop);
    loop_monitor_start(&node->monitor, &node->loop, node->metrics, &node->stats);
    pool_init(&node->pool, &node->loop);
    profiler_init(&node->profiler, &node->loop);
    work_shared_init(&node->shared, &node->loop, &node->pool, (size_t)node->settings->pool.workers, node->metrics, &node->stats);
    watch_shared_init(&node->watching, &node->loop, node->metrics, &node->stats);
    statistics_init(&node->statistics, node->metrics, &node->stats);
    node->shared.statistics = &node->statistics;
    node->shared.slots_max = (size_t)node->settings->pool.max;
    node->work_life = (struct health_check){ .name = "work", .ready = works_are_alive, .arg = &node->shared };
    health_add_life(&node->health, &node->work_life);
    node->spans = (struct stats_section){
        .name = "spans", .summary = "Spans in memory, and how far back they reach.", .fill = fill_spans, .arg = node->tracer
    };
    stats_add(&node->stats, &node->spans);
    process_stats_add(&node->process, &node->stats, node->config);
}

static int add_views(struct node *node, struct error *err)
{
    return views_add(&node->arena, node->metrics, &node->settings->metrics, err);
}

int node_start(struct node *node, const struct settings *settings, struct config *config, const struct roles *roles, struct error *err)
{
    static int (*const steps[])(struct node * node, struct error * err) = {
        add_views, exporting_open, start_broker_side, start_redis, producers_open, open_streams, open_listeners,
    };
    *node = (struct node){ .settings = settings, .config = config, .roles = *roles };
    start_base(node);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i](node, err) != 0)
            return err->code;
    watch_topics(node);
    process_stats_add_config(&node->process, &node->stats);
    return 0;
}
