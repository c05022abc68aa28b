/* ingest_trace: the spans of an event's way in, below that of the request which brought it.
 *
 *   limiter_wait          INTERNAL   while it waited for the limiter
 *   EVALSHA               CLIENT     the call to Redis that it caused (ingest/limiter_trace.h)
 *   kafka_send_<topic>    PRODUCER   from the hand-over to the report; the record's `traceparent` names this one */
#pragma once

#include "ingest/ingest.h"

/* Embedded in the ingest. */
struct ingest_trace {
    struct tracer *tracer;
    struct span_site *send, *wait;
};

void ingest_trace_init(struct ingest_trace *trace, const struct ingest_options *options);

/* The span that the record will name as its parent. */
void ingest_trace_begin(const struct ingest_trace *trace, struct ingest_request *request, const struct ingest_event *event);

/* Tells what of it was made. `delivery` NULL: it was not handed over. */
void ingest_trace_tell(const struct ingest_trace *trace, const struct ingest_request *request, const struct delivery *delivery,
                       bool notable);
