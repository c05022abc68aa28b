/* tracer: which spans are kept, and where: in memory for /debug/traces, and for an exporter that takes them along.
 *
 *   a span ends --> is it sampled? --yes-------------------> recent (a ring) --> exporter, by a cursor of its own
 *                        | no                           /         | of a notable trace: also
 *                        v                             /          v
 *                   does the tail rule keep it? --yes--        notable (a ring that lasts longer)
 *                        | no
 *                        v
 *                   forgotten
 *
 *   head sampling   when a trace begins here: a ratio of the trace ids; else as the parent says (parent-based). W3C's "sampled" flag
 *   tail rule       when a step of ours has ended: errors, retries and the slowest are kept although head sampling dropped them
 *   local root      the first span of a trace in this process: of a request, or of a job; it is what the tail rule looks at
 *   notable         a local root that failed, was tried again, or is among the slowest of its site; sampled or not
 *
 * When a local root turns out to be notable, what was told of its trace before is held for longer too (the request of a job that failed).
 *
 * The tail rule keeps the spans of this process only, for others have decided before: what is kept by it is a piece of a trace, and its
 * flags go on saying "not sampled". Which ones are slow is said in trace/slowest.h.
 *
 * A ring that is full forgets its oldest spans; an exporter that is too slow finds out how many it has missed. So a collector that is away
 * costs no memory. No I/O, no clock: times are arguments. Loop thread only. */
#pragma once

#include "base/metrics.h"
#include "base/random.h"
#include "trace/span.h"
#include "trace/span_record.h"
#include "trace/trace_config.h"
#include "trace/trace_ring.h"

#include <stdbool.h>

struct tracer; /* opaque */

/* Borrowed for the tracer's life. `metrics` gets local roots by what was decided about them, spans told, and spans forgotten. */
struct tracer *tracer_new(const struct trace_config *config, struct random *random, struct metrics *metrics);
void tracer_free(struct tracer *tracer);

/* A site for spans of this name and kind; all texts are copied. `keys` names the values of its spans in their order (SPAN_VALUES_MAX at
 * most; the names themselves are of static life, as those of the constants are), `constants` the attributes that all of them share.
 * It lives as long as the tracer. */
struct span_site *tracer_site(struct tracer *tracer, const char *name, enum span_kind kind, const struct span_constant *constants,
                              size_t constant_count, const char *const *keys, size_t key_count);

/* Begins a step: a child of `parent`, with its decision; or, where `parent` is NULL, a trace of its own, for which the sampler decides.
 * Works whether or not anything is kept: ids go along with records in any case. `context` may be `parent`. */
void tracer_begin(struct tracer *tracer, struct trace_context *context, const struct trace_context *parent);

/* As tracer_begin, for a record that is worked: one that came without a trace (`parent` is NULL) begins one only while fewer than
 * `record_traces` have in this second. Else returns false, and `context` is zeros: if it turns out to be kept, tracer_begin_late. */
bool tracer_begin_record(struct tracer *tracer, struct trace_context *context, const struct trace_context *parent, uint64_t now_us);

/* Begins a trace, not sampled, of which something is kept by the tail rule. */
void tracer_begin_late(struct tracer *tracer, struct trace_context *context);

/* What becomes of the spans of a local root that has ended. */
enum trace_fate {
    TRACE_FORGOTTEN, /* they are not told */
    TRACE_KEPT,
    TRACE_NOTABLE, /* kept, and told with `notable` set */
};

/* Called once for each local root, before its spans are told. `failed`: it ended in an error, or was tried again. `site` is the local
 * root's: the slowest are the slowest of their site. */
enum trace_fate tracer_keeps(struct tracer *tracer, struct span_site *site, const struct trace_context *context, bool failed,
                             uint64_t started_us, uint64_t ended_us);

/* The same for a span of an error or a retry that ends before its local root does (which then is notable). Counts nothing. */
enum trace_fate tracer_keeps_failure(const struct tracer *tracer, const struct trace_context *context);

/* Whether any span may ever be kept, so that nothing has to be remembered for them: false where tracing is off. */
bool tracer_is_on(const struct tracer *tracer);

/* Tells a span: it is copied. The caller has found out that it is kept. About 50 ns. */
void tracer_add(struct tracer *tracer, const struct span *span);

/* What clock_us and clock_wall_us show now: returns what to add to the former for the latter. Follows steps of the wall clock
 * (trace/wall_anchor.h), and says so in the log. */
int64_t tracer_wall_offset(struct tracer *tracer, uint64_t clock_us, int64_t wall_us);

/* How many spans were told since the start. */
uint64_t tracer_added(const struct tracer *tracer);

/* Takes the next recent span after the cursor, and moves the cursor behind it. Returns false when there is none. `*missed` (may be NULL) is
 * increased by how many were forgotten before the cursor came to them. */
bool tracer_next(const struct tracer *tracer, struct trace_cursor *cursor, struct span_held *held, uint64_t *missed);

/* The same for the notable ones; each of them was a recent one too. */
bool tracer_next_notable(const struct tracer *tracer, struct trace_cursor *cursor, struct span_held *held);
