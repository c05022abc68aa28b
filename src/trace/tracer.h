/* tracer: which spans are kept, and where: in memory for /debug/traces, and for an exporter that takes them along.
 *
 *                          sampled -----------------------> recent (a ring) --> exporter, by a cursor of its own
 *   begin --> span ends --<                            /
 *                          not sampled --> tail rule --     failed, retried, slowest --> kept (a ring that lasts longer)
 *                                             \
 *                                              forgotten
 *
 *   head sampling   when a trace begins here: a ratio of the trace ids; else as the parent says (parent-based). W3C's "sampled" flag
 *   tail rule       when a step of ours has ended: errors, retries and the slowest are kept although head sampling dropped them
 *   local root      the first span of a trace in this process: of a request, or of a job; it is what the tail rule looks at
 *
 * A ring that is full forgets its oldest spans; an exporter that is too slow finds out how many it has missed. So a collector that is away
 * costs no memory. No I/O, no clock: times are arguments. Loop thread only. */
#pragma once

#include "base/metrics.h"
#include "base/random.h"
#include "trace/span.h"
#include "trace/trace_config.h"

#include <stdbool.h>

struct tracer; /* opaque */

/* Borrowed for the tracer's life. `metrics` gets spans recorded, kept by the tail rule, and forgotten. */
struct tracer *tracer_new(const struct trace_config *config, struct random *random, struct metrics *metrics);
void tracer_free(struct tracer *tracer);

/* A site for spans of this name and kind; all texts are copied. `keys` names the values of its spans in their order (SPAN_VALUES_MAX at
 * most, of static life), `constants` the attributes that all of them share. It lives as long as the tracer. */
struct span_site *tracer_site(struct tracer *tracer, const char *name, enum span_kind kind, const struct span_constant *constants,
                              size_t constant_count, const char *const *keys, size_t key_count);

/* Begins a step: a child of `parent`, with its decision; or, where `parent` is NULL, a trace of its own, for which the sampler decides.
 * Works whether or not anything is kept: ids go along with records in any case. */
void tracer_begin(struct tracer *tracer, struct trace_context *context, const struct trace_context *parent);

/* Whether the spans of a local root that has ended are kept: it is sampled, or the tail rule wants it. Called once for each local root.
 * `failed`: it ended in an error, or was tried again. `site` is the local root's: the slowest are the slowest of their site. */
bool tracer_keeps(struct tracer *tracer, struct span_site *site, const struct trace_context *context, bool failed, uint64_t started_us,
                  uint64_t ended_us);

/* Whether the tail rule keeps an error or a retry that is not sampled: for spans that end before their local root does. */
bool tracer_keeps_failures(const struct tracer *tracer);

/* Tells a span: it is copied. The caller has found out that it is kept. */
void tracer_add(struct tracer *tracer, const struct span *span);
