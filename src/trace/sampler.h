/* sampler: head sampling. Decided once, where a trace begins, and kept by all who work on it.
 *
 * The ratio is that of OpenTelemetry's TraceIdRatioBased: a trace is sampled if the last 8 bytes of its id, big-endian, are below ratio *
 * 2^64. As its SDKs for Go, Java and Python do: services with the same ratio, each deciding alone, sample the same traces. No clock, no
 * state. */
#pragma once

#include "base/trace.h"
#include "trace/trace_config.h"

struct sampler {
    enum trace_sampler kind;
    bool samples_all; /* ratio 1 */
    uint64_t bound;   /* ids below it are sampled */
};

void sampler_init(struct sampler *sampler, enum trace_sampler kind, double ratio);

/* `parent` NULL: the trace begins here. */
bool sampler_decides(const struct sampler *sampler, const uint8_t trace_id[16], const struct trace_context *parent);
