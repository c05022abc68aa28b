/* trace: W3C trace context (Trace Context Level 1, sections 3.2 and 3.3): parsed, made, passed on.
 *
 * traceparent = 00-<32 hex trace id>-<16 hex span id>-<2 hex flags>. A broken or all-zero one is ignored and a
 * new trace begins, as the recommendation says (section 4.2). A newer version is read as far as version 00 goes.
 * Of the flags only "sampled" is kept: the others mean nothing yet and must be sent as 0 (section 3.2.2.5.2).
 * No allocation; any thread. */
#pragma once

#include "base/random.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define TRACE_ID_SIZE     33 /* hex and NUL */
#define TRACE_PARENT_SIZE 56

struct trace_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags; /* bit 0: sampled */
};

/* Starts a new trace, not sampled: whoever decides about that says so after (trace_set_sampled). */
void trace_start(struct trace_context *trace, struct random *random);

/* Reads a header's value. Returns false, with `trace` untouched, when it is not a valid traceparent. */
bool trace_parse(struct trace_context *trace, struct text header);

/* Reads a trace id alone: 32 digits of 0-9 and a-f, not all zero. Returns false, with `trace_id` untouched, for anything else. */
bool trace_id_parse(uint8_t trace_id[16], struct text digits);

/* A child: same trace and flags, a new span id. */
void trace_child(struct trace_context *child, const struct trace_context *parent, struct random *random);

static inline bool trace_is_sampled(const struct trace_context *trace)
{
    return (trace->flags & 1) != 0;
}

static inline void trace_set_sampled(struct trace_context *trace, bool sampled)
{
    trace->flags = sampled ? 1 : 0;
}

void trace_parent_text(const struct trace_context *trace, char out[TRACE_PARENT_SIZE]);

/* The trace id where trace_parent_text wrote it. */
static inline struct text trace_parent_id(const char traceparent[TRACE_PARENT_SIZE])
{
    return (struct text){ traceparent + 3, TRACE_ID_SIZE - 1 };
}
