#include "trace/span_record.h"

#include "base/trace_state.h"
#include "base/utf8.h"

#include <assert.h>

struct event_head {
    const char *name;
    const char *const *keys;
    uint64_t time_us;
    uint64_t count;
};

#define TEXT_ROOM (2 + SPAN_TEXT_MAX) /* of a text with its size */
static_assert(sizeof(struct span_record_head) + (SPAN_VALUES_MAX + 1) * (1 + TEXT_ROOM) + 2 + TRACE_STATE_MAX +
                      SPAN_EVENTS_MAX * (sizeof(struct event_head) + SPAN_EVENT_VALUES_MAX * (1 + TEXT_ROOM)) +
                      SPAN_LINKS_MAX * sizeof(struct trace_context) <=
                  SPAN_RECORD_MAX,
              "a record fits");

static char *put(char *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

static const char *get(const char *at, void *data, size_t size)
{
    memcpy(data, at, size);
    return at + size;
}

/* Bytes that are kept of a longer text: no character is cut through. */
static size_t cut_size(struct text text)
{
    for (size_t before = 0; before < 4; before++) {
        size_t start = SPAN_TEXT_MAX - before;
        if (utf8_length(text.data + start, text.size - start) != 0)
            return start;
    }
    return SPAN_TEXT_MAX; /* no UTF-8 at all */
}

static inline char *put_sized(char *at, const char *data, size_t kept)
{
    uint16_t size = (uint16_t)kept;
    at = put(at, &size, sizeof(size));
    return put(at, data, size);
}

static inline char *put_text(char *at, struct text text)
{
    return put_sized(at, text.data, text.size <= SPAN_TEXT_MAX ? text.size : cut_size(text));
}

static const char *get_text(const char *at, struct text *text)
{
    uint16_t size;
    at = get(at, &size, sizeof(size));
    *text = (struct text){ at, size };
    return at + size;
}

static inline char *put_value(char *at, const struct span_value *value)
{
    *at++ = (char)value->type;
    if (value->type == SPAN_INT)
        return put(at, &value->integer, sizeof(value->integer));
    return value->type == SPAN_TEXT ? put_text(at, value->text) : at;
}

static size_t at_most(size_t count, size_t limit)
{
    return count < limit ? count : limit;
}

static char *put_event(char *at, const struct span_event *event)
{
    struct event_head head = { event->name, event->keys, event->time_us, at_most(event->count, SPAN_EVENT_VALUES_MAX) };
    at = put(at, &head, sizeof(head));
    for (size_t i = 0; i < head.count; i++)
        at = put_value(at, &event->values[i]);
    return at;
}

static const char *get_event(const char *at, struct span_event *event, struct span_value *values)
{
    struct event_head head;
    at = get(at, &head, sizeof(head));
    for (size_t i = 0; i < head.count; i++)
        at = span_record_value(at, &values[i]);
    *event = (struct span_event){ head.name, head.time_us, head.keys, values, head.count };
    return at;
}

static void put_outline(struct span_outline *outline, const struct span *span)
{
    *outline = (struct span_outline){
        .site = span->site,
        .started_us = span->started_us,
        .ended_us = span->ended_us < span->started_us ? span->started_us : span->ended_us,
        .context = span->context,
        .status = (uint8_t)span->status,
        .notable = span->notable || span->status == SPAN_STATUS_ERROR,
        .parent_is_remote = span->parent_is_remote,
    };
    memcpy(outline->parent_id, span->parent_id, sizeof(outline->parent_id));
}

size_t span_record_write(const struct span *span, size_t value_count, char *out)
{
    struct span_record_head *head = (struct span_record_head *)(void *)out;
    put_outline(&head->outline, span);
    head->has_message = span->status_message.data != NULL;
    head->has_state = span->trace_state.size > 0 && span->trace_state.size <= TRACE_STATE_MAX; /* a part of it is none */
    head->value_count = (uint8_t)value_count;
    head->event_count = (uint8_t)at_most(span->event_count, SPAN_EVENTS_MAX);
    head->link_count = (uint8_t)at_most(span->link_count, SPAN_LINKS_MAX);
    head->dropped_events = (uint32_t)(span->event_count - head->event_count);
    head->dropped_links = (uint32_t)(span->link_count - head->link_count);

    char *at = out + sizeof(*head);
    for (size_t i = 0; i < value_count; i++)
        at = put_value(at, &span->values[i]);
    if (span->status_message.data != NULL)
        at = put_text(at, span->status_message);
    if (head->has_state)
        at = put_sized(at, span->trace_state.data, span->trace_state.size);
    for (size_t i = 0; i < head->event_count; i++)
        at = put_event(at, &span->events[i]);
    if (head->link_count > 0)
        at = put(at, span->links, head->link_count * sizeof(*span->links));
    return (size_t)(at - out);
}

void span_record_read(struct text record, struct span_held *held)
{
    const struct span_record_head head = *span_record_head(record);
    struct span *span = &held->span;
    const char *at = span_record_values(record);
    *span = (struct span){
        .site = head.outline.site,
        .context = head.outline.context,
        .parent_is_remote = head.outline.parent_is_remote,
        .started_us = head.outline.started_us,
        .ended_us = head.outline.ended_us,
        .status = (enum span_status)head.outline.status,
        .notable = head.outline.notable,
        .events = held->events,
        .event_count = head.event_count,
        .links = held->links,
        .link_count = head.link_count,
    };
    memcpy(span->parent_id, head.outline.parent_id, sizeof(span->parent_id));
    held->dropped_events = head.dropped_events;
    held->dropped_links = head.dropped_links;
    for (size_t i = 0; i < head.value_count; i++)
        at = span_record_value(at, &span->values[i]);
    if (head.has_message)
        at = get_text(at, &span->status_message);
    if (head.has_state)
        at = get_text(at, &span->trace_state);
    for (size_t i = 0; i < head.event_count; i++)
        at = get_event(at, &held->events[i], held->event_values[i]);
    if (head.link_count > 0)
        get(at, held->links, head.link_count * sizeof(*held->links));
}

bool span_outline_is_root(const struct span_outline *outline)
{
    static const uint8_t none[sizeof(outline->parent_id)];
    return outline->parent_is_remote || memcmp(outline->parent_id, none, sizeof(none)) == 0;
}
