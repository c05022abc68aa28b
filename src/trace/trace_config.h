/* trace_config: which traces are kept, and how this process is called in them.
 *
 *   traces:
 *     sampler: parentbased_traceidratio
 *     ratio:   0.01
 *     record_traces: 100
 *     memory:  4MiB
 *     keep:    { failures: true, slowest: 2 }
 *     service: orders
 *
 * OpenTelemetry's environment names (OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, ...) are the defaults, so they work without a line in the
 * file. A struct that has more to say about traces (how they are exported) embeds trace_config and lists TRACE_CONFIG_FIELDS among its
 * own fields, so that all of it stands on one level of the file. */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* OpenTelemetry's names, in the order of trace_samplers. */
enum trace_sampler {
    SAMPLER_ALWAYS_ON,
    SAMPLER_ALWAYS_OFF,
    SAMPLER_RATIO,
    SAMPLER_PARENT_ALWAYS_ON,
    SAMPLER_PARENT_ALWAYS_OFF,
    SAMPLER_PARENT_RATIO,
};

#define TRACE_SLOWEST_MAX 16

/* The tail rule (trace/tracer.h). */
struct trace_keep_config {
    bool failures;
    int64_t slowest; /* of each site, in an interval */
};

struct trace_config {
    bool disabled;
    int sampler;           /* enum trace_sampler */
    double ratio;          /* 0..1 of the traces that begin here */
    int64_t record_traces; /* a second, that begin at a record which came without one */
    uint64_t memory_bytes; /* both rings together */
    struct trace_keep_config keep;
    const char *service;    /* empty: as `attributes` say, or "millrace" */
    const char *attributes; /* of the resource: "name=value,name=value", as OTEL_RESOURCE_ATTRIBUTES has them */
};

extern const struct config_schema trace_config_schema;
extern const struct config_schema trace_keep_schema;
extern const char *const trace_samplers[];

/* Are they "name=value,name=value", each pair of them? */
bool trace_attributes_are_whole(const char *attributes);

/* clang-format off */
#define TRACE_CONFIG_FIELDS(owner, place)                                                                                     \
    { .name = "disabled", .type = CONFIG_BOOL, .offset = offsetof(owner, place.disabled),                                     \
      .fallback = "${OTEL_SDK_DISABLED:-false}", .doc = "Makes no spans at all; trace ids go along with records all the same." }, \
    { .name = "sampler", .type = CONFIG_ENUM, .offset = offsetof(owner, place.sampler), .choices = trace_samplers,            \
      .fallback = "${OTEL_TRACES_SAMPLER:-parentbased_traceidratio}",                                                         \
      .doc = "Which traces are sampled, by OpenTelemetry's names: `parentbased_*` do as the caller's `traceparent` says, and " \
             "decide for traces that begin here." },                                                                          \
    { .name = "ratio", .type = CONFIG_NUMBER, .offset = offsetof(owner, place.ratio),                                         \
      .fallback = "${OTEL_TRACES_SAMPLER_ARG:-1}", .min = 0, .max = 1, .doc = "The share of traces that `*traceidratio` samples." }, \
    { .name = "record_traces", .type = CONFIG_INT, .offset = offsetof(owner, place.record_traces), .fallback = "100", .min = 0, .max = 1e6,  \
      .doc = "How many traces a second may begin at records that came without a `traceparent`. The other such records are told only if " \
             "they failed, were tried again or were slow (`keep`), so that a long backlog is worked at full speed." },         \
    { .name = "memory", .type = CONFIG_SIZE, .offset = offsetof(owner, place.memory_bytes), .fallback = "4MiB",               \
      .min = 512 * 1024, .max = 1 << 30,                                                                                      \
      .doc = "For the latest spans, rounded down to a power of two; a quarter as much again for those that failed, were tried " \
             "again or were slow, which so outlast the others." },                                                            \
    { .name = "keep", .type = CONFIG_STRUCT, .offset = offsetof(owner, place.keep), .schema = &trace_keep_schema,             \
      .doc = "What is kept although the sampler dropped it." },                                                               \
    { .name = "service", .type = CONFIG_STRING, .offset = offsetof(owner, place.service),                                     \
      .fallback = "${OTEL_SERVICE_NAME:-}",                                                                                   \
      .doc = "`service.name`; empty: that of `attributes`, or `millrace`." },                                                 \
    { .name = "attributes", .type = CONFIG_STRING, .offset = offsetof(owner, place.attributes),                               \
      .fallback = "${OTEL_RESOURCE_ATTRIBUTES:-}", .accepts = trace_attributes_are_whole,                                     \
      .allowed = "name=value,name=value, values percent-encoded",                                                             \
      .doc = "More attributes of the resource: `name=value,name=value`, values percent-encoded." }
/* clang-format on */
