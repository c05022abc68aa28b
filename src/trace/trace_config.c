#include "trace/trace_config.h"

#include "base/baggage.h"

const char *const trace_samplers[] = {
    "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio", NULL
};

bool trace_attributes_are_whole(const char *attributes)
{
    struct text rest = text_of(attributes), name;
    struct buffer value = { 0 };
    int taken;
    while ((taken = baggage_next(&rest, &name, &value)) > 0)
        continue;
    buffer_free(&value);
    return taken == 0;
}

static const struct config_field keep_fields[] = {
    { .name = "failures",
      .type = CONFIG_BOOL,
      .offset = offsetof(struct trace_keep_config, failures),
      .fallback = "true",
      .doc = "This process's spans of requests and jobs that ended in an error or were tried again." },
    { .name = "slowest",
      .type = CONFIG_INT,
      .offset = offsetof(struct trace_keep_config, slowest),
      .fallback = "2",
      .min = 0,
      .max = TRACE_SLOWEST_MAX,
      .doc = "About so many of the slowest requests of a route, or jobs of a stream, in 10 s; at most four times as many." },
    { 0 },
};

const struct config_schema trace_keep_schema = {
    .name = "keep",
    .doc = "What is kept of traces that the sampler dropped: the spans that this process makes, not those of others.",
    .size = sizeof(struct trace_keep_config),
    .fields = keep_fields,
};

/* The fields are written for a member; here the member is the whole struct. */
struct trace_fields_owner {
    struct trace_config traces;
};

static const struct config_field trace_fields[] = { TRACE_CONFIG_FIELDS(struct trace_fields_owner, traces), { 0 } };

const struct config_schema trace_config_schema = {
    .name = "traces",
    .doc = "Which traces are kept, and how this process is called in them.",
    .size = sizeof(struct trace_config),
    .fields = trace_fields,
};
