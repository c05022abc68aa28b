/* span: one timed step of a trace, as OpenTelemetry means it: name, kind, start and end, attributes, events, links, status.
 *
 *   site      where in the program spans of one sort are made ("kafka_send_jobs_topic"): what all of them have in common is said once
 *   span      one of them, told when it has ended; plain values, nothing to be freed
 *   value     an attribute of this span alone, in the order in which its site names them
 *
 * A span is told when it ends, in one piece: what is under way costs nothing but the times that its flow keeps anyway.
 * Loop thread only. */
#pragma once

#include "base/text.h"
#include "base/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of opentelemetry.proto.trace.v1.Span.SpanKind and .Status.StatusCode. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3, SPAN_PRODUCER = 4, SPAN_CONSUMER = 5 };
enum span_status { SPAN_STATUS_UNSET = 0, SPAN_STATUS_OK = 1, SPAN_STATUS_ERROR = 2 };

#define SPAN_VALUES_MAX 8
#define SPAN_TEXT_MAX   256 /* bytes of a text value; what is longer is cut at a character */

enum span_value_type { SPAN_ABSENT, SPAN_INT, SPAN_TEXT };

/* SPAN_ABSENT (a zeroed one) is left out. Texts are borrowed until tracer_add returns; they need not be UTF-8. */
struct span_value {
    enum span_value_type type;
    union {
        int64_t integer;
        struct text text;
    };
};

static inline struct span_value span_int(int64_t integer)
{
    return (struct span_value){ SPAN_INT, { .integer = integer } };
}

/* An absent text is an absent value. */
static inline struct span_value span_text(struct text text)
{
    return text.data == NULL ? (struct span_value){ 0 } : (struct span_value){ SPAN_TEXT, { .text = text } };
}

/* An attribute that all spans of a site share. */
struct span_constant {
    const char *key;
    struct span_value value;
};

/* A point in time within a span, with attributes of its own. */
struct span_event {
    const char *name;        /* of static life */
    uint64_t time_us;        /* clock_us */
    const char *const *keys; /* of static life; `count` of them */
    const struct span_value *values;
    size_t count;
};

struct span_site; /* opaque; the tracer owns it (trace/tracer.h) */

struct span {
    struct span_site *site;
    struct trace_context context; /* its own ids and flags */
    struct text trace_state;      /* W3C's `tracestate`, as it came with its trace; absent: none did. Of TRACE_STATE_MAX bytes at most */
    uint8_t parent_id[8];         /* zeros: it has none */
    bool parent_is_remote;        /* a local root: its parent, if any, is known from a header */
    uint64_t started_us;          /* clock_us */
    uint64_t ended_us;            /* not before started_us */
    enum span_status status;
    bool notable;               /* its trace failed, was tried again or is slow (tracer_keeps): held for longer, as errors always are */
    struct text status_message; /* of an error; absent otherwise */
    struct span_value values[SPAN_VALUES_MAX];
    const struct span_event *events;
    size_t event_count;
    const struct trace_context *links; /* spans of other traces that it has to do with: a batch's records */
    size_t link_count;
};
