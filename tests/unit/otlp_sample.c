/* Prints an ExportTraceServiceRequest, which tests/system/test_otlp.py reads by OpenTelemetry's own schema: otlp_sample
 * plain|hostile|many|lengths|none. Nothing is judged here. */
#include "trace/otlp.h"
#include "trace/otlp_resource.h"

#include <stdio.h>
#include <stdlib.h>

#define WALL_OFFSET_US 1700000000000000

struct sample {
    struct random random;
    struct metrics *metrics;
    struct tracer *tracer;
};

static const char *const keys[] = { "messaging.destination.name", "messaging.kafka.offset", "absent", "empty" };
static const char *const event_keys[] = { "exception.message", "attempt" };

static struct span_site *site_of(struct sample *sample)
{
    const struct span_constant constants[] = { { "messaging.system", span_text(TEXT("kafka")) }, { "server.port", span_int(9092) } };
    return tracer_site(sample->tracer, "send jobs_topic", SPAN_PRODUCER, constants, 2, keys, 4);
}

static void tell_plain(struct sample *sample)
{
    const struct span_value event_values[] = { span_text(TEXT("broker away")), span_int(-1) };
    const struct span_event event = { "exception", 1500, event_keys, event_values, 2 };
    const struct trace_context link = { .trace_id = { 0xab, [15] = 0xcd }, .span_id = { 0xef, [7] = 0x01 }, .flags = 1 };
    const struct span span = {
        .site = site_of(sample),
        .context = { .trace_id = { 1, 2, 3, [15] = 4 }, .span_id = { 5, [7] = 6 }, .flags = 1 },
        .trace_state = TEXT("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        .parent_id = { 7, [7] = 8 },
        .parent_is_remote = true,
        .started_us = 1000,
        .ended_us = 2001,
        .status = SPAN_STATUS_ERROR,
        .status_message = TEXT("not stored"),
        .values = { span_text(TEXT("jobs_topic")), span_int(INT64_MIN), { 0 }, span_text(TEXT("")) },
        .events = &event,
        .event_count = 1,
        .links = &link,
        .link_count = 1,
    };
    tracer_add(sample->tracer, &span);
}

static void tell_hostile(struct sample *sample)
{
    static char long_text[10240], no_text[10240];
    for (size_t i = 0; i + 3 <= sizeof(long_text); i += 3)
        memcpy(long_text + i, "\xe2\x82\xac", 3);
    memset(no_text, 0xff, sizeof(no_text));
    static const struct trace_context links[1000];
    const struct span_value values[] = { span_text((struct text){ no_text, sizeof(no_text) }), span_int(0) };
    struct span_event events[100];
    for (size_t i = 0; i < 100; i++)
        events[i] = (struct span_event){ "", 0, event_keys, values, 2 };
    const struct span span = {
        .site = site_of(sample),
        .trace_state = { long_text, sizeof(long_text) },
        .status = SPAN_STATUS_ERROR,
        .status_message = TEXT("ends in half a character: \xe2\x82"),
        .values = { span_text((struct text){ long_text, sizeof(long_text) }), span_int(0), span_text(TEXT("a\0b\x80")),
                    span_text((struct text){ no_text, sizeof(no_text) }) },
        .events = events,
        .event_count = 100,
        .links = links,
        .link_count = 1000,
    };
    tracer_add(sample->tracer, &span);
}

/* More than a batch, in more bytes than a length of two bytes tells. */
static void tell_many(struct sample *sample)
{
    struct span span = { .site = site_of(sample), .values = { span_text(TEXT("jobs_topic")) } };
    for (int64_t i = 0; i < 1000; i++) {
        span.values[1] = span_int(i);
        tracer_begin(sample->tracer, &span.context, NULL);
        tracer_add(sample->tracer, &span);
    }
}

/* Keys and texts around every length from which on it takes another byte, or another way. */
static void tell_lengths(struct sample *sample)
{
    static char names[SPAN_VALUES_MAX][160], text[SPAN_TEXT_MAX];
    static const size_t name_sizes[SPAN_VALUES_MAX] = { 1, 41, 42, 43, 44, 120, 127, 128 };
    const char *name_of[SPAN_VALUES_MAX];
    memset(text, 't', sizeof(text));
    for (size_t i = 0; i < SPAN_VALUES_MAX; i++)
        name_of[i] = memset(names[i], 'k', name_sizes[i]);
    struct span span = { .site = tracer_site(sample->tracer, "lengths", SPAN_INTERNAL, NULL, 0, name_of, SPAN_VALUES_MAX) };
    for (size_t size = 0; size <= SPAN_TEXT_MAX; size++) {
        for (size_t i = 0; i < SPAN_VALUES_MAX; i++)
            span.values[i] = (size + i) % 4 == 0 ? span_int((int64_t)(UINT64_MAX >> size % 64)) : span_text((struct text){ text, size });
        tracer_add(sample->tracer, &span);
    }
}

static void tell_none(struct sample *sample)
{
}

static const struct {
    const char *name;
    void (*tell)(struct sample *sample);
} samples[] = {
    { "plain", tell_plain }, { "hostile", tell_hostile }, { "many", tell_many }, { "lengths", tell_lengths }, { "none", tell_none },
};

static void encode(struct sample *sample, const struct trace_config *config, struct buffer *out)
{
    const struct otlp_process process = { .instance = TEXT("instance-1"), .host = TEXT("host\xff"), .pid = 4711 };
    struct buffer resource = { 0 };
    struct trace_cursor cursor = { 0 };
    uint64_t missed = 0;
    otlp_resource(config, &process, &resource);
    otlp_encode(sample->tracer, &cursor, 512, buffer_as_text(&resource), WALL_OFFSET_US, out, &missed);
    buffer_free(&resource);
}

static const struct trace_config config = {
    .sampler = SAMPLER_ALWAYS_ON,
    .memory_bytes = 1024 * 1024,
    .service = "",
    .attributes = " service.name = orders%2C and more ,host.name=twice,host.name=told,,",
};

int main(int argc, char **argv)
{
    struct sample sample = { .metrics = metrics_new() };
    struct buffer out = { 0 };
    random_init_seed(&sample.random, 1);
    sample.tracer = tracer_new(&config, &sample.random, sample.metrics);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        if (argc == 2 && strcmp(argv[1], samples[i].name) == 0)
            samples[i].tell(&sample);
    encode(&sample, &config, &out);
    fwrite(buffer_as_text(&out).data, 1, out.size, stdout);
    buffer_free(&out);
    tracer_free(sample.tracer);
    metrics_free(sample.metrics);
    return EXIT_SUCCESS;
}
