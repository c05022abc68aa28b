/* tracer_fixture: a tracer for modules that make spans, and what they told it. */
#pragma once

#include "trace/tracer.h"

struct tracing {
    struct random random;
    struct tracer *tracer;
    struct trace_cursor cursor; /* how far then_span has read */
    struct span_held held;
};

/* Traces that begin here are sampled, failures are kept. */
static inline void given_tracer(struct tracing *tracing, struct metrics *metrics)
{
    const struct trace_config config = {
        .sampler = SAMPLER_PARENT_ALWAYS_ON,
        .ratio = 1,
        .record_traces = 1000000,
        .memory_bytes = 1 << 20,
        .keep = { .failures = true },
    };
    random_init_seed(&tracing->random, 1);
    tracing->tracer = tracer_new(&config, &tracing->random, metrics);
    tracing->cursor = (struct trace_cursor){ 0 };
}

/* A request's trace; nobody looks at it. */
static const struct trace_context some_trace = { .trace_id = { 1 }, .span_id = { 1 } };
