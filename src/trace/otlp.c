#include "trace/otlp.h"

#include "trace/otlp_attribute.h"
#include "trace/protobuf.h"
#include "trace/span_site.h"
#include "trace/span_store.h"

/* Numbers of the fields, by message. */
enum { REQUEST_RESOURCE_SPANS = 1 };
enum { RESOURCE_SPANS_RESOURCE = 1, RESOURCE_SPANS_SCOPE_SPANS = 2, RESOURCE_SPANS_SCHEMA_URL = 3 };
enum { SCOPE_SPANS_SCOPE = 1, SCOPE_SPANS_SPANS = 2, SCOPE_SPANS_SCHEMA_URL = 3 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2 };
enum { EVENT_TIME = 1, EVENT_NAME = 2, EVENT_ATTRIBUTES = 3 };
enum { LINK_TRACE_ID = 1, LINK_SPAN_ID = 2, LINK_FLAGS = 6 };
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3 };
enum {
    SPAN_TRACE_ID = 1,
    SPAN_SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT_SPAN_ID = 4,
    SPAN_NAME = 5,
    SPAN_SPAN_KIND = 6,
    SPAN_START_TIME = 7,
    SPAN_END_TIME = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_EVENTS = 11,
    SPAN_DROPPED_EVENTS = 12,
    SPAN_LINKS = 13,
    SPAN_DROPPED_LINKS = 14,
    SPAN_SPAN_STATUS = 15,
    SPAN_FLAGS = 16,
};

/* opentelemetry.proto.trace.v1.SpanFlags: below them are W3C's trace flags. */
enum { FLAG_HAS_IS_REMOTE = 0x100, FLAG_IS_REMOTE = 0x200 };

/* The version of OpenTelemetry's semantic conventions that names of attributes are of, the resource's and the spans'. */
#define SCHEMA_URL "https://opentelemetry.io/schemas/1.37.0"

/* Ids, flags, times: what every span has. */
#define HEAD_ROOM (PROTOBUF_BYTES_ROOM(16) + 2 * PROTOBUF_BYTES_ROOM(8) + 3 * PROTOBUF_NUMBER_ROOM)

struct encoder {
    struct buffer *out;
    int64_t wall_offset_us;
    struct span_held held; /* of the few spans that have more than a head and values */
};

uint64_t otlp_waiting(const struct tracer *tracer, const struct trace_cursor *cursor)
{
    return tracer_added(tracer) - cursor->sequence;
}

static uint64_t wall_ns(const struct encoder *encoder, uint64_t clock_us)
{
    return ((uint64_t)encoder->wall_offset_us + clock_us) * 1000;
}

static bool has_parent(const struct span_outline *span)
{
    uint64_t id;
    memcpy(&id, span->parent_id, sizeof(id));
    return id != 0;
}

static void write_head(const struct encoder *encoder, const struct span_outline *span)
{
    struct buffer *out = encoder->out;
    bool is_remote = has_parent(span) && span->parent_is_remote;
    uint32_t flags = span->context.flags | FLAG_HAS_IS_REMOTE | (is_remote ? FLAG_IS_REMOTE : 0);
    char *at = buffer_reserve(out, HEAD_ROOM);
    at = protobuf_put_bytes(at, SPAN_TRACE_ID, span->context.trace_id, sizeof(span->context.trace_id));
    at = protobuf_put_bytes(at, SPAN_SPAN_ID, span->context.span_id, sizeof(span->context.span_id));
    if (has_parent(span))
        at = protobuf_put_bytes(at, SPAN_PARENT_SPAN_ID, span->parent_id, sizeof(span->parent_id));
    at = protobuf_put_fixed32(at, SPAN_FLAGS, flags);
    at = protobuf_put_fixed64(at, SPAN_START_TIME, wall_ns(encoder, span->started_us));
    at = protobuf_put_fixed64(at, SPAN_END_TIME, wall_ns(encoder, span->ended_us));
    buffer_grow(out, (size_t)(at - out->data) - out->size);
}

static void write_event(const struct encoder *encoder, const struct span_event *event)
{
    struct buffer *out = encoder->out;
    size_t begun = protobuf_begin(out, SPAN_EVENTS);
    protobuf_fixed64(out, EVENT_TIME, wall_ns(encoder, event->time_us));
    protobuf_string(out, EVENT_NAME, text_of(event->name));
    for (size_t i = 0; i < event->count; i++)
        otlp_attribute(out, EVENT_ATTRIBUTES, text_of(event->keys[i]), &event->values[i]);
    protobuf_end(out, begun);
}

/* Links are to what a header named: made elsewhere, as far as is known. */
static void write_link(struct buffer *out, const struct trace_context *link)
{
    size_t begun = protobuf_begin(out, SPAN_LINKS);
    protobuf_bytes(out, LINK_TRACE_ID, (struct text){ (const char *)link->trace_id, sizeof(link->trace_id) });
    protobuf_bytes(out, LINK_SPAN_ID, (struct text){ (const char *)link->span_id, sizeof(link->span_id) });
    protobuf_fixed32(out, LINK_FLAGS, link->flags | FLAG_HAS_IS_REMOTE | FLAG_IS_REMOTE);
    protobuf_end(out, begun);
}

static void write_status(struct buffer *out, const struct span *span)
{
    if (span->status == SPAN_STATUS_UNSET)
        return;
    size_t begun = protobuf_begin(out, SPAN_SPAN_STATUS);
    if (span->status_message.size > 0)
        protobuf_string(out, STATUS_MESSAGE, span->status_message);
    protobuf_uint(out, STATUS_CODE, span->status);
    protobuf_end(out, begun);
}

static void write_dropped(struct buffer *out, unsigned field, size_t count)
{
    if (count > 0)
        protobuf_uint(out, field, count);
}

static bool has_rest(const struct span_record_head *head)
{
    return head->outline.status != SPAN_STATUS_UNSET || head->has_state || head->event_count > 0 || head->link_count > 0;
}

static void write_rest(struct encoder *encoder, struct text record)
{
    const struct span_held *held = &encoder->held;
    const struct span *span = &held->span;
    struct buffer *out = encoder->out;
    span_record_read(record, &encoder->held);
    if (span->trace_state.size > 0)
        protobuf_string(out, SPAN_TRACE_STATE, span->trace_state);
    for (size_t i = 0; i < span->event_count; i++)
        write_event(encoder, &span->events[i]);
    write_dropped(out, SPAN_DROPPED_EVENTS, held->dropped_events);
    for (size_t i = 0; i < span->link_count; i++)
        write_link(out, &span->links[i]);
    write_dropped(out, SPAN_DROPPED_LINKS, held->dropped_links);
    write_status(out, span);
}

/* Out of the record itself: to read it as a whole before would cost as much as to write it. */
static void write_span(struct encoder *encoder, struct text record)
{
    const struct span_record_head *head = span_record_head(record);
    const struct span_site *site = head->outline.site;
    struct buffer *out = encoder->out;
    size_t begun = protobuf_begin(out, SCOPE_SPANS_SPANS);
    write_head(encoder, &head->outline);
    buffer_text(out, buffer_as_text(&site->encoded));
    otlp_attributes(out, &site->encoded_keys, record);
    if (has_rest(head))
        write_rest(encoder, record);
    protobuf_end(out, begun);
}

static void write_scope(struct buffer *out)
{
    size_t begun = protobuf_begin(out, SCOPE_SPANS_SCOPE);
    protobuf_string(out, SCOPE_NAME, TEXT("millrace"));
    protobuf_string(out, SCOPE_VERSION, TEXT(MILLRACE_VERSION));
    protobuf_end(out, begun);
}

size_t otlp_encode(const struct tracer *tracer, struct trace_cursor *cursor, size_t span_limit, struct text resource,
                   int64_t wall_offset_us, struct buffer *out, uint64_t *missed)
{
    const struct trace_ring *ring = &tracer_recent(tracer)->ring;
    struct encoder encoder;
    struct text record;
    if (span_limit == 0 || !trace_ring_next(ring, cursor, &record, missed))
        return 0;
    encoder.out = out;
    encoder.wall_offset_us = wall_offset_us;

    size_t resource_spans = protobuf_begin(out, REQUEST_RESOURCE_SPANS);
    protobuf_bytes(out, RESOURCE_SPANS_RESOURCE, resource);
    size_t scope_spans = protobuf_begin(out, RESOURCE_SPANS_SCOPE_SPANS);
    write_scope(out);
    size_t count = 0;
    do
        write_span(&encoder, record);
    while (++count < span_limit && trace_ring_next(ring, cursor, &record, missed));
    protobuf_string(out, SCOPE_SPANS_SCHEMA_URL, TEXT(SCHEMA_URL));
    protobuf_end(out, scope_spans);
    protobuf_string(out, RESOURCE_SPANS_SCHEMA_URL, TEXT(SCHEMA_URL));
    protobuf_end(out, resource_spans);
    return count;
}

void otlp_site(struct span_site *site)
{
    struct buffer *out = &site->encoded;
    otlp_keys_init(&site->encoded_keys, SPAN_ATTRIBUTES, site->keys, site->key_count);
    protobuf_string(out, SPAN_NAME, text_of(site->name));
    protobuf_uint(out, SPAN_SPAN_KIND, site->kind);
    for (size_t i = 0; i < site->constant_count; i++)
        otlp_attribute(out, SPAN_ATTRIBUTES, text_of(site->constants[i].key), &site->constants[i].value);
}
