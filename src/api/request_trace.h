/* request_trace: the span of a request whose action stores or changes something: POST /submit, kind SERVER. It is the local root of
 * what the request brings about.
 *
 *   begins   when its action is run: the trace of its `traceparent` goes on, a broken one or none begins another
 *   ends     when it is answered. Only then is it known whether its spans are kept: its own is told, and the action tells those below
 *
 * Loop thread only. */
#pragma once

#include "base/trace.h"
#include "io/http/request.h"

struct route;

struct request_trace {
    struct trace_context context;
    uint8_t parent_id[8];
    struct text state;                     /* the `tracestate` that goes along (base/trace_state.h), of all its lines; absent: none does */
    struct text path, user_agent;          /* of one that is or may be kept, else absent */
    const char *host;                      /* of its Host header; NULL: it has none, or as before */
    void (*tell)(void *arg, bool notable); /* the action's; NULL: there are no spans below this one */
    void *arg;
};

/* Before the action is run. From here on request_trace_of tells it. */
void request_trace_begin(struct route *route, struct http_request *request);

/* NULL for requests that only look. Lives until http_reply. */
static inline struct request_trace *request_trace_of(const struct http_request *request)
{
    return request->user;
}

/* In hexadecimal, in `out`; TEXT_NONE for requests that only look. */
struct text request_trace_id(const struct http_request *request, char out[TRACE_ID_SIZE]);
