#include "ingest/kept_event.h"

#include "base/memory.h"
#include "base/trace.h"

static size_t size_of(const struct kept_event *event)
{
    size_t size = sizeof(*event) + event->header_count * sizeof(*event->headers) + TRACE_PARENT_SIZE;
    size += event->key.size + event->value.size;
    for (size_t i = 0; i < event->header_count; i++)
        size += event->headers[i].name.size + event->headers[i].value.size;
    return size;
}

static struct text put(char **at, struct text text)
{
    if (text.data == NULL)
        return TEXT_NONE;
    struct text copy = { *at, text.size };
    memcpy(*at, text.data, text.size);
    *at += text.size;
    return copy;
}

struct kept_event *kept_event_copy(const struct kept_event *event)
{
    struct kept_event *copy = mem_alloc(size_of(event));
    struct producer_header *headers = (struct producer_header *)(void *)(copy + 1);
    char *at = (char *)(headers + event->header_count);
    *copy = (struct kept_event){ .headers = headers, .header_count = event->header_count };
    copy->traceparent = put(&at, (struct text){ event->traceparent, TRACE_PARENT_SIZE }).data;
    copy->key = put(&at, event->key);
    copy->value = put(&at, event->value);
    for (size_t i = 0; i < event->header_count; i++)
        headers[i] = (struct producer_header){ put(&at, event->headers[i].name), put(&at, event->headers[i].value) };
    return copy;
}

void kept_event_free(struct kept_event *event)
{
    mem_free(event);
}
