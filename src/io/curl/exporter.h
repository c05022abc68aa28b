/* exporter: takes a tracer's spans to a collector, by OTLP over HTTP.
 *
 *   batch   up to `batch` spans as one message, on their way until the collector has taken them or has refused them for good
 *   cursor  how far we have come among the tracer's recent spans; what is forgotten before its turn is counted as dropped
 *
 * EXPORTER_BATCHES are under way at most. Each goes
 *
 *                 the delay is over, or a whole batch is there
 *       WAITING ----------------------------------------------> PACKING (gzip, on a worker thread) --> SENDING
 *          ^                                                                                           |  |  ^
 *          |--------- taken, refused for good, or tried often enough ----------------------------------'  |  |
 *          |                                                                                   not now    v  |
 *          '-- flushed, closed, from any state                                                        RESTING
 *
 * One begins beside others only when a whole batch is there, all went well last, and none of them rests: whoever sends little or to a
 * collector that is away has one under way. So memory is that of a few, whatever the collector does: while it is away, spans wait in the
 * tracer's ring, which forgets its oldest. As the protocol says (opentelemetry.io/docs/specs/otlp): requests may overlap; answers of 429,
 * 502, 503, 504, and none at all, mean "not now": the batch is sent again after the server's Retry-After, or after 1 s, 2 s, ... 8 s with
 * jitter, five times in all; any other answer that is no success is final. An outage is one line in the log, and its end another.
 *
 * No spans are made of this. Loop thread only. */
#pragma once

#include "base/metrics.h"
#include "base/stats.h"
#include "io/curl/exporter_config.h"
#include "trace/tracer.h"

#include <uv.h>

struct exporter; /* opaque */

struct exporter_options {
    uv_loop_t *loop;
    const struct exporter_config *config; /* wanted; borrowed for the exporter's life */
    struct tracer *tracer;                /* borrowed for the exporter's life */
    struct text resource;                 /* encoded (trace/otlp_resource.h); copied */
    struct metrics *metrics;
    struct stats *stats; /* section "traces"; may be NULL */
};

/* Needs no collector to be there. Returns NULL with a sentence when the configuration is wrong. */
struct exporter *exporter_start(const struct exporter_options *options, struct error *err);

/* Sends what is there, once and without rests; what is not taken by `deadline_us` (clock_us) is dropped, counted and told. `done` fires
 * once, perhaps within this call. Nothing is exported after it. */
void exporter_flush(struct exporter *exporter, uint64_t deadline_us, void (*done)(void *arg), void *arg);

/* After a flush, or without: what waits is dropped. `closed` fires later, once, when the last handle is gone and the memory given back. */
void exporter_close(struct exporter *exporter, void (*closed)(void *arg), void *arg);
