#include "ingest/ingest_trace.h"

#include "io/kafka/producer_span.h"

void ingest_trace_init(struct ingest_trace *trace, const struct ingest_options *options)
{
    trace->tracer = options->tracer;
    trace->send = producer_span_site(options->tracer, options->topic);
    trace->wait = tracer_site(options->tracer, "limiter_wait", SPAN_INTERNAL, NULL, 0, NULL, 0);
}

void ingest_trace_begin(const struct ingest_trace *trace, struct ingest_request *request, const struct ingest_event *event)
{
    tracer_begin(trace->tracer, &request->trace, event->trace);
    memcpy(request->parent_id, event->trace->span_id, sizeof(request->parent_id));
    request->trace_state = event->trace_state;
}

static void tell_send(const struct ingest_trace *trace, const struct ingest_request *request, const struct delivery *delivery, bool notable)
{
    struct span span = { .site = trace->send, .context = request->trace, .trace_state = request->trace_state, .notable = notable };
    memcpy(span.parent_id, request->parent_id, sizeof(span.parent_id));
    producer_span_tell(trace->tracer, &span, request->send.sent_us, delivery);
}

static void tell_wait(const struct ingest_trace *trace, const struct ingest_request *request, bool notable)
{
    struct span span = {
        .site = trace->wait,
        .trace_state = request->trace_state,
        .started_us = request->waited_from_us,
        .ended_us = request->waited_until_us,
        .notable = notable,
    };
    tracer_begin(trace->tracer, &span.context, &request->trace);
    memcpy(span.parent_id, request->parent_id, sizeof(span.parent_id));
    tracer_add(trace->tracer, &span);
}

void ingest_trace_tell(const struct ingest_trace *trace, const struct ingest_request *request, const struct delivery *delivery,
                       bool notable)
{
    if (request->waited_until_us != 0)
        tell_wait(trace, request, notable);
    if (delivery != NULL)
        tell_send(trace, request, delivery, notable);
}
