/* kept_event: an event ready to be sent; borrowed on the straight way, copied as one block while it waits for the limiter. */
#pragma once

#include "base/text.h"
#include "io/kafka/producer.h"

struct kept_event {
    struct text key;
    struct text value;
    const char *traceparent; /* TRACE_PARENT_SIZE bytes */
    const struct producer_header *headers;
    size_t header_count;
};

/* A copy with all its texts in one allocation; the caller gives it to kept_event_free. */
struct kept_event *kept_event_copy(const struct kept_event *event);
void kept_event_free(struct kept_event *event);
