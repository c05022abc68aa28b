/* span_record: a span as the bytes that a ring holds, and back. Texts and arrays are cut at the bounds below, so that a record's size is
 * bounded. Inside of trace/ only, but for struct span_held, which is what readers of a tracer get. */
#pragma once

#include "trace/span.h"

#include <string.h>

#define SPAN_EVENTS_MAX       16
#define SPAN_EVENT_VALUES_MAX 8
#define SPAN_LINKS_MAX        128 /* OpenTelemetry's default limit of links */

/* What a record begins with: what can be said of a span without reading all of it. */
struct span_outline {
    struct span_site *site;
    uint64_t started_us;
    uint64_t ended_us;
    uint64_t previous; /* of the store that it is in (trace/span_store.h) */
    struct trace_context context;
    uint8_t parent_id[8]; /* zeros: it has none */
    uint8_t status;       /* enum span_status */
    bool notable;
    bool parent_is_remote;
};

/* What stands before a record's parts: values, the message, the trace state, events (head and values each),
 * links. */
struct span_record_head {
    struct span_outline outline;
    bool has_message;
    bool has_state;
    uint8_t value_count;
    uint8_t event_count;
    uint8_t link_count;
    uint32_t dropped_events; /* beyond the bounds */
    uint32_t dropped_links;
};

/* A span out of a ring, with the room for its arrays. Texts lie in the ring: valid until the next tracer_add. */
struct span_held {
    struct span span;
    struct span_event events[SPAN_EVENTS_MAX];
    struct span_value event_values[SPAN_EVENTS_MAX][SPAN_EVENT_VALUES_MAX];
    struct trace_context links[SPAN_LINKS_MAX];
    size_t dropped_events; /* beyond the bounds */
    size_t dropped_links;
};

/* Writes the record to `out`, which is aligned to 8 bytes and takes SPAN_RECORD_MAX of them; returns its size. */
#define SPAN_RECORD_MAX (48 * 1024)
size_t span_record_write(const struct span *span, size_t value_count, char *out);

/* `record` as it was written. */
void span_record_read(struct text record, struct span_held *held);

/* --- the record itself, which is aligned as a ring's records are: for who needs no more than a part of it --- */

static inline const struct span_record_head *span_record_head(struct text record)
{
    return (const struct span_record_head *)(const void *)record.data;
}

/* Where the first value is. */
static inline const char *span_record_values(struct text record)
{
    return record.data + sizeof(struct span_record_head);
}

/* Reads the value there; returns the place behind it. */
static inline const char *span_record_value(const char *at, struct span_value *value)
{
    value->type = (enum span_value_type) * at++;
    if (value->type == SPAN_INT) {
        memcpy(&value->integer, at, sizeof(value->integer));
        return at + sizeof(value->integer);
    }
    if (value->type == SPAN_ABSENT)
        return at;
    uint16_t size;
    memcpy(&size, at, sizeof(size));
    value->text = (struct text){ at + sizeof(size), size };
    return value->text.data + size;
}

static inline const struct span_outline *span_record_outline(struct text record)
{
    return (const struct span_outline *)(const void *)record.data;
}

static inline struct span_outline *span_record_outline_of(char *record)
{
    return (struct span_outline *)(void *)record;
}

/* Whether it is a local root: the first span of its trace here, or made for what a header told. */
bool span_outline_is_root(const struct span_outline *outline);
