#include "app/settings.h"

#include "app/quickstart.h"
#include "base/address.h"
#include "base/log.h"
#include "core/shape_config.h"

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
    { .name = "watch",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct stream_config, watch),
      .schema = &watch_schema,
      .doc = "How far the group of `work` is, watched from outside; without it nobody watches here." },
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
    { .name = "optional",
      .type = CONFIG_BOOL,
      .offset = offsetof(struct listener_config, optional),
      .fallback = "false",
      .doc = "Where its address is taken, the process goes on without it if a listener before it is open; the log says so." },
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
    .doc =
        "An address and its routes. It opens when one of its actions belongs to a role of the process, or when it has nothing but bundles.",
    .size = sizeof(struct listener_config),
    .fields = listener_fields,
    .key_offset = offsetof(struct listener_config, name),
    .check = check_listener,
};

static const struct config_field traces_fields[] = {
    TRACE_CONFIG_FIELDS(struct traces_config, trace),
    { .name = "export",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct traces_config, export),
      .schema = &exporter_schema,
      .doc = "The collector; without its endpoint spans stay in memory." },
    { 0 },
};

static const struct config_schema traces_schema = {
    .name = "traces",
    .doc = "Which traces are kept, and how this process is called in them.",
    .size = sizeof(struct traces_config),
    .fields = traces_fields,
};

static const char *const levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const forms[] = { "auto", "text", "json", NULL };

static const struct config_field log_fields[] = {
    { .name = "level",
      .type = CONFIG_ENUM,
      .offset = offsetof(struct log_config, level),
      .reloadable = true,
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
    { .name = "traces",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct settings, traces),
      .schema = &traces_schema,
      .doc = "Traces, in memory and for a collector." },
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
             "cut by it. A job that waits is ended before, and worked by whoever comes next: that is no failure." },
    { 0 },
};

const struct config_schema settings_schema = {
    .name = "configuration",
    .doc = "A system is a file: what stands here is all that makes one Millrace differ from another.",
    .size = sizeof(struct settings),
    .fields = settings_fields,
    .check = settings_check,
};

const struct stream_config *settings_stream(const struct settings *settings, const char *name)
{
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++)
        if (strcmp(streams[i].name, name) == 0)
            return &streams[i];
    return NULL;
}

const struct producer_config *settings_producer(const struct settings *settings, const char *name)
{
    const struct producer_config *producers = settings->producers.items;
    for (size_t i = 0; i < settings->producers.count; i++)
        if (name == NULL || strcmp(producers[i].name, name) == 0)
            return &producers[i];
    return NULL;
}

struct config *settings_read(struct settings *settings, const struct settings_source *source, struct config_report *report)
{
    if (source->file == NULL)
        return config_read_text("(quickstart)", quickstart_yaml, &settings_schema, source->overrides, source->override_count, settings,
                                report);
    return config_read(source->file, &settings_schema, source->overrides, source->override_count, settings, report);
}

void settings_log_warnings(const struct config_report *report)
{
    for (size_t i = 0; i < report->warning_count; i++)
        log_warn("config", "%s: %s", report->warnings[i].path, report->warnings[i].message);
}
