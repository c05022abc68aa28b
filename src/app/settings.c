#include "app/settings.h"

#include "app/quickstart.h"
#include "app/views.h"
#include "base/address.h"
#include "base/arena.h"
#include "core/shape_config.h"

#include <stdio.h>
#include <string.h>

static const struct config_field stream_fields[] = {
    { .name = "topic",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct stream_config, topic),
      .schema = &topic_schema,
      .required = true,
      .doc = "The topic that this stream is." },
    { .name = "shape",
      .type = CONFIG_DICT,
      .offset = offsetof(struct stream_config, shape),
      .schema = &shape_field_schema,
      .doc = "The fields of an event; without it any JSON object is taken." },
    { .name = "ingest",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct stream_config, ingest),
      .schema = &ingest_schema,
      .doc = "How events get in; used by routes with `ingest.*` actions." },
    { .name = "work",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct stream_config, work),
      .schema = &work_schema,
      .doc = "How records are worked; without it nobody works them here." },
    { 0 },
};

static const struct config_schema stream_schema = {
    .name = "stream",
    .doc = "One topic and what happens around it.",
    .size = sizeof(struct stream_config),
    .fields = stream_fields,
    .key_offset = offsetof(struct stream_config, name),
};

static const struct config_field listener_fields[] = {
    HTTP_CONFIG_FIELDS(struct listener_config, http),
    { .name = "routes",
      .type = CONFIG_LIST,
      .offset = offsetof(struct listener_config, routes),
      .schema = &route_schema,
      .doc = "What it answers; everything else is 404." },
    { 0 },
};

static void check_listener(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct listener_config *listener = object;
    struct address address;
    struct error err;
    if (address_parse(&address, text_of(listener->http.address), &err) != 0)
        config_mistake_at(report, place, "address", "%s", err.message);
}

static const struct config_schema listener_schema = {
    .name = "listener",
    .doc = "An address and its routes. It opens when one of its actions belongs to a role of the process.",
    .size = sizeof(struct listener_config),
    .fields = listener_fields,
    .key_offset = offsetof(struct listener_config, name),
    .check = check_listener,
};

static const struct config_field view_fields[] = {
    { .name = "name", .type = CONFIG_STRING, .offset = offsetof(struct view_config, name), .required = true, .doc = "The name to expose." },
    { .name = "of",
      .type = CONFIG_STRING,
      .offset = offsetof(struct view_config, of),
      .required = true,
      .doc = "The metric, with or without `millrace_` and `_total`." },
    { .name = "where", .type = CONFIG_MAP, .offset = offsetof(struct view_config, where), .doc = "Only series with these label values." },
    { .name = "labels",
      .type = CONFIG_JSON,
      .offset = offsetof(struct view_config, labels),
      .doc = "A list of the labels to keep; the others are summed over. Without it: all." },
    { .name = "rename",
      .type = CONFIG_MAP,
      .offset = offsetof(struct view_config, rename),
      .doc = "Kept labels that get another name: `{ group: consumergroup }`." },
    { .name = "constants", .type = CONFIG_MAP, .offset = offsetof(struct view_config, constants), .doc = "Labels to add." },
    { .name = "buckets",
      .type = CONFIG_JSON,
      .offset = offsetof(struct view_config, buckets),
      .doc = "A list of ascending upper bounds for a histogram. Without it: the metric's." },
    { .name = "help",
      .type = CONFIG_STRING,
      .offset = offsetof(struct view_config, help),
      .doc = "Its help text. Without it: the metric's." },
    { 0 },
};

static const struct config_schema view_schema = {
    .name = "view",
    .doc = "A metric under another name, with other labels or buckets.",
    .size = sizeof(struct view_config),
    .fields = view_fields,
};

static const struct config_field metrics_fields[] = {
    { .name = "views",
      .type = CONFIG_LIST,
      .offset = offsetof(struct metrics_config, views),
      .schema = &view_schema,
      .doc = "Metrics under other names." },
    { 0 },
};

/* Whether views fit their families and one another is known by the registry: it is asked with one that is thrown away. */
static void check_metrics(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct metrics_config *config = object;
    const struct view_config *views = config->views.items;
    struct metrics *metrics = metrics_new();
    struct arena arena = { 0 };
    for (size_t i = 0; i < config->views.count; i++) {
        char part[32];
        struct error err;
        snprintf(part, sizeof(part), "views.%zu", i);
        if (view_add(&arena, metrics, &views[i], &err) != 0)
            config_mistake_at(report, place, part, "%s", err.message);
    }
    metrics_free(metrics);
    arena_free(&arena);
}

static const struct config_schema metrics_schema = { .name = "metrics",
                                                     .size = sizeof(struct metrics_config),
                                                     .fields = metrics_fields,
                                                     .doc = "What /metrics shows besides the canonical names.",
                                                     .check = check_metrics };

static const char *const levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const forms[] = { "auto", "text", "json", NULL };

static const struct config_field log_fields[] = {
    { .name = "level",
      .type = CONFIG_ENUM,
      .offset = offsetof(struct log_config, level),
      .choices = levels,
      .fallback = "info",
      .doc = "The least level that is written." },
    { .name = "form",
      .type = CONFIG_ENUM,
      .offset = offsetof(struct log_config, form),
      .choices = forms,
      .fallback = "auto",
      .doc = "`auto` is text on a terminal and JSON otherwise." },
    { 0 },
};

static const struct config_schema log_schema = {
    .name = "log", .size = sizeof(struct log_config), .fields = log_fields, .doc = "The log, on standard error.", .shorthand = "level"
};

static const struct config_field settings_fields[] = {
    { .name = "kafka", .type = CONFIG_STRUCT, .offset = offsetof(struct settings, kafka), .schema = &kafka_schema, .doc = "The brokers." },
    { .name = "redis",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct settings, redis),
      .schema = &redis_schema,
      .doc = "Where rate limits are shared." },
    { .name = "pool",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct settings, pool),
      .schema = &pool_schema,
      .doc = "How many jobs run at once in the process." },
    { .name = "producers",
      .type = CONFIG_DICT,
      .offset = offsetof(struct settings, producers),
      .schema = &producer_schema,
      .fallback = "{ durable: {} }",
      .doc = "One librdkafka handle each." },
    { .name = "streams",
      .type = CONFIG_DICT,
      .offset = offsetof(struct settings, streams),
      .schema = &stream_schema,
      .doc = "Topics and what happens around them." },
    { .name = "listen",
      .type = CONFIG_DICT,
      .offset = offsetof(struct settings, listeners),
      .schema = &listener_schema,
      .doc = "HTTP listeners." },
    { .name = "metrics",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct settings, metrics),
      .schema = &metrics_schema,
      .doc = "Metrics under other names." },
    { .name = "log", .type = CONFIG_STRUCT, .offset = offsetof(struct settings, log), .schema = &log_schema, .doc = "The log." },
    { .name = "admin",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct settings, admin),
      .schema = &admin_schema,
      .doc = "Who may change something." },
    { .name = "shutdown",
      .type = CONFIG_DURATION,
      .offset = offsetof(struct settings, shutdown_us),
      .fallback = "30s",
      .min = 1e6,
      .max = 6e8,
      .doc = "All phases of a shutdown together; what hangs longer is named in the log and left, with status 1 if a request or a job was "
             "cut by it." },
    { 0 },
};

static bool has_stream(const struct settings *settings, const char *name)
{
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++)
        if (strcmp(streams[i].name, name) == 0)
            return true;
    return false;
}

static void check_routes(const struct settings *settings, const struct listener_config *listener, const struct config_place *place,
                         struct config_report *report)
{
    const struct route_config *routes = listener->routes.items;
    for (size_t i = 0; i < listener->routes.count; i++) {
        if (routes[i].stream == NULL || has_stream(settings, routes[i].stream))
            continue;
        char part[160];
        snprintf(part, sizeof(part), "listen.%s.routes.%zu.stream", listener->name, i);
        config_mistake_at(report, place, part, "found \"%s\"; allowed: a name in `streams`", routes[i].stream);
    }
}

static void check_producer(const struct settings *settings, const struct stream_config *stream, const struct config_place *place,
                           struct config_report *report)
{
    const char *producer = stream->ingest.producer;
    if (producer == NULL || settings_producer(settings, producer) != NULL)
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.ingest.producer", stream->name);
    config_mistake_at(report, place, part, "found \"%s\"; allowed: a name in `producers`", producer);
}

static const struct stream_config *worked_stream_of(const struct settings *settings, const char *topic)
{
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++)
        if (streams[i].work.group != NULL && strcmp(streams[i].topic.name, topic) == 0)
            return &streams[i];
    return NULL;
}

/* From topic to dead letter topic, and on if that one is worked too: a record that cannot be worked would go round for ever. */
static bool dead_letters_come_back(const struct settings *settings, const struct stream_config *stream)
{
    const char *topic = stream->work.dead.name;
    for (size_t i = 0; i < settings->streams.count && topic != NULL; i++) {
        if (strcmp(topic, stream->topic.name) == 0)
            return true;
        const struct stream_config *next = worked_stream_of(settings, topic);
        topic = next == NULL ? NULL : next->work.dead.name;
    }
    return false;
}

static void check_dead(const struct settings *settings, const struct stream_config *stream, const struct config_place *place,
                       struct config_report *report)
{
    if (stream->work.group == NULL || !dead_letters_come_back(settings, stream))
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.work.dead", stream->name);
    config_mistake_at(report, place, part,
                      "found \"%s\", whose records would come back to %s; allowed: a topic whose dead letters end somewhere",
                      stream->work.dead.name, stream->topic.name);
}

static void check_settings(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct settings *settings = object;
    const struct listener_config *listeners = settings->listeners.items;
    for (size_t i = 0; i < settings->listeners.count; i++)
        check_routes(settings, &listeners[i], place, report);
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++) {
        check_producer(settings, &streams[i], place, report);
        check_dead(settings, &streams[i], place, report);
    }
}

const struct config_schema settings_schema = {
    .name = "configuration",
    .doc = "A system is a file: what stands here is all that makes one Millrace differ from another.",
    .size = sizeof(struct settings),
    .fields = settings_fields,
    .check = check_settings,
};

const struct producer_config *settings_producer(const struct settings *settings, const char *name)
{
    const struct producer_config *producers = settings->producers.items;
    for (size_t i = 0; i < settings->producers.count; i++)
        if (name == NULL || strcmp(producers[i].name, name) == 0)
            return &producers[i];
    return NULL;
}

struct config *settings_read(struct settings *settings, const char *file, const struct config_override *overrides, size_t count)
{
    struct config_report report = { 0 };
    struct config *config = file != NULL
                                ? config_read(file, &settings_schema, overrides, count, settings, &report)
                                : config_read_text("(quickstart)", quickstart_yaml, &settings_schema, overrides, count, settings, &report);
    if (report.count == 0)
        return config;

    struct buffer text = { 0 };
    config_report_print(&report, &text);
    fwrite(text.data, 1, text.size, stderr);
    buffer_free(&text);
    config_free(config);
    return NULL;
}
