#include "api/request_trace.h"

#include "api/action.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/list.h"

#include <stdio.h>

#define PATH_MAX_BYTES       SPAN_TEXT_MAX
#define USER_AGENT_MAX_BYTES 128 /* a browser's has about 110 */

/* OpenTelemetry's semantic conventions for HTTP servers. */
enum value { STATUS_CODE, URL_PATH, CLIENT_ADDRESS, PROTOCOL_VERSION, USER_AGENT, ERROR_TYPE, VALUES };

static const char *const keys[VALUES] = {
    [STATUS_CODE] = "http.response.status_code", [URL_PATH] = "url.path",
    [CLIENT_ADDRESS] = "client.address",         [PROTOCOL_VERSION] = "network.protocol.version",
    [USER_AGENT] = "user_agent.original",        [ERROR_TYPE] = "error.type",
};

static struct span_site *new_site(const struct route *route, const struct http_request *request)
{
    const char *method = http_method_name(request->method);
    unsigned port;
    struct text host = address_split(http_request_listener(request), &port);
    const struct span_constant constants[] = {
        { "http.request.method", span_text(text_of(method)) },
        { "http.route", span_text(text_of(route->counted.name)) },
        { "url.scheme", span_text(TEXT("http")) },
        { "server.address", span_text(host) },
        { "server.port", port == 0 ? (struct span_value){ 0 } : span_int(port) },
    };
    char name[256];
    snprintf(name, sizeof(name), "%s %s", method, route->counted.name);
    return tracer_site(route->api->tracer, name, SPAN_SERVER, constants, sizeof(constants) / sizeof(constants[0]), keys, VALUES);
}

/* A route may have several methods, each with a name of its own; the listener has its port by the first request. */
static struct span_site *site_of(struct route *route, const struct http_request *request)
{
    struct span_site **site = &route->sites[request->method];
    if (*site == NULL)
        *site = new_site(route, request);
    return *site;
}

static void tell(const struct http_request *request, struct span_site *site, int status, bool notable, uint64_t now_us)
{
    const struct request_trace *trace = request_trace_of(request);
    const struct route *route = list_entry(request->route, struct route, counted);
    char client[ADDRESS_TEXT_SIZE], digits[DECIMAL_SIZE];
    struct span span = {
        .site = site,
        .context = trace->context,
        .parent_is_remote = true,
        .started_us = request->arrived_us,
        .ended_us = now_us,
        .status = status >= 500 ? SPAN_STATUS_ERROR : SPAN_STATUS_UNSET,
        .notable = notable,
        .values = {
            [STATUS_CODE] = span_int(status),
            [URL_PATH] = span_text(trace->path),
            [CLIENT_ADDRESS] = span_text(address_host_text(http_request_client(request), client)),
            [PROTOCOL_VERSION] = span_text(http_request_version(request)),
            [USER_AGENT] = span_text(trace->user_agent),
        },
    };
    memcpy(span.parent_id, trace->parent_id, sizeof(span.parent_id));
    if (status >= 500)
        span.values[ERROR_TYPE] = span_text(decimal_text(digits, (uint64_t)status));
    tracer_add(route->api->tracer, &span);
}

static void on_reply(struct http_request *request, int status)
{
    struct route *route = list_entry(request->route, struct route, counted);
    const struct request_trace *trace = request_trace_of(request);
    struct span_site *site = site_of(route, request);
    uint64_t now_us = clock_us();
    enum trace_fate fate = tracer_keeps(route->api->tracer, site, &trace->context, status >= 500, request->arrived_us, now_us);
    if (fate == TRACE_FORGOTTEN)
        return;
    tell(request, site, status, fate == TRACE_NOTABLE, now_us);
    if (trace->tell != NULL)
        trace->tell(trace->arg, fate == TRACE_NOTABLE);
}

static struct text copy(struct http_request *request, struct text text, size_t most)
{
    if (text.data == NULL)
        return TEXT_NONE;
    size_t size = text.size < most ? text.size : most;
    char *bytes = http_request_alloc(request, size);
    memcpy(bytes, text.data, size);
    return (struct text){ bytes, size };
}

/* The request's texts are gone when it is answered. */
static void keep_texts(struct request_trace *trace, const struct route *route, struct http_request *request)
{
    struct text configured = text_of(route->counted.name);
    trace->path = text_equal(request->path, configured) ? configured : copy(request, request->path, PATH_MAX_BYTES);
    trace->user_agent = copy(request, http_request_header(request, "user-agent"), USER_AGENT_MAX_BYTES);
}

void request_trace_begin(struct route *route, struct http_request *request)
{
    struct request_trace *trace = http_request_alloc(request, sizeof(*trace));
    *trace = (struct request_trace){ .tell = NULL };
    struct trace_context parent;
    bool goes_on = trace_parse(&parent, http_request_header(request, "traceparent"));
    tracer_begin(route->api->tracer, &trace->context, goes_on ? &parent : NULL);
    if (goes_on)
        memcpy(trace->parent_id, parent.span_id, sizeof(trace->parent_id));
    request->user = trace;
    request->trace = &trace->context;
    if (!tracer_is_on(route->api->tracer))
        return;
    if (trace_is_sampled(&trace->context))
        keep_texts(trace, route, request);
    request->on_reply = on_reply;
}

struct text request_trace_id(const struct http_request *request, char out[TRACE_ID_SIZE])
{
    const struct request_trace *trace = request_trace_of(request);
    if (trace == NULL)
        return TEXT_NONE;
    const char *end = hex_write(out, trace->context.trace_id, sizeof(trace->context.trace_id));
    return (struct text){ out, (size_t)(end - out) };
}

static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return true;
}

/* Without a traceparent it says nothing (section 3.3). Never longer than allowed: a list that is cut in the middle is a wrong one. */
struct text request_trace_state(const struct http_request *request)
{
    static const uint8_t none[8];
    const struct request_trace *trace = request_trace_of(request);
    if (memcmp(trace->parent_id, none, sizeof(none)) == 0)
        return TEXT_NONE;
    struct text state = http_request_header(request, "tracestate");
    bool forwarded = state.size > 0 && state.size <= REQUEST_TRACE_STATE_MAX && is_printable(state);
    return forwarded ? state : TEXT_NONE;
}
