#include "api/request_trace.h"

#include "api/action.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/list.h"
#include "base/trace_state.h"

#include <stdio.h>

#define PATH_MAX_BYTES       SPAN_TEXT_MAX
#define USER_AGENT_MAX_BYTES 128 /* a browser's has about 110 */
#define HOST_MAX_BYTES       261 /* a name of DNS and a port */

/* OpenTelemetry's semantic conventions for HTTP servers. */
enum value { STATUS_CODE, URL_PATH, SERVER_ADDRESS, SERVER_PORT, CLIENT_ADDRESS, PROTOCOL_VERSION, USER_AGENT, ERROR_TYPE, VALUES };

static const char *const keys[VALUES] = {
    [STATUS_CODE] = "http.response.status_code", [URL_PATH] = "url.path",
    [SERVER_ADDRESS] = "server.address",         [SERVER_PORT] = "server.port",
    [CLIENT_ADDRESS] = "client.address",         [PROTOCOL_VERSION] = "network.protocol.version",
    [USER_AGENT] = "user_agent.original",        [ERROR_TYPE] = "error.type",
};

static struct span_site *new_site(const struct route *route, const struct http_request *request)
{
    const char *method = http_method_name(request->method);
    const struct span_constant constants[] = {
        { "http.request.method", span_text(text_of(method)) },
        { "http.route", span_text(text_of(route->counted.name)) },
        { "url.scheme", span_text(TEXT("http")) },
    };
    char name[256];
    snprintf(name, sizeof(name), "%s %s", method, route->counted.name);
    return tracer_site(route->api->tracer, name, SPAN_SERVER, constants, sizeof(constants) / sizeof(constants[0]), keys, VALUES);
}

/* A route may have several methods, each with a name of its own. */
static struct span_site *site_of(struct route *route, const struct http_request *request)
{
    struct span_site **site = &route->sites[request->method];
    if (*site == NULL)
        *site = new_site(route, request);
    return *site;
}

/* As the client names us, by the Host header: the same name as in its own span, where a listener may be on 0.0.0.0. */
static void tell_server(struct span *span, const char *host)
{
    unsigned port;
    span->values[SERVER_ADDRESS] = span_text(address_split(host, &port));
    if (port != 0)
        span->values[SERVER_PORT] = span_int(port);
}

static void tell(const struct http_request *request, struct span_site *site, int status, bool notable, uint64_t now_us)
{
    const struct request_trace *trace = request_trace_of(request);
    const struct route *route = list_entry(request->route, struct route, counted);
    char client[ADDRESS_TEXT_SIZE], digits[DECIMAL_SIZE];
    struct span span = {
        .site = site,
        .context = trace->context,
        .trace_state = trace->state,
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
    if (trace->host != NULL)
        tell_server(&span, trace->host);
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

static const char *c_string(struct http_request *request, struct text text)
{
    char *bytes = http_request_alloc(request, text.size + 1);
    memcpy(bytes, text.data, text.size);
    bytes[text.size] = '\0';
    return bytes;
}

/* The request's texts are gone when it is answered. */
static void keep_texts(struct request_trace *trace, const struct route *route, struct http_request *request)
{
    struct text configured = text_of(route->counted.name);
    trace->path = text_equal(request->path, configured) ? configured : copy(request, request->path, PATH_MAX_BYTES);
    struct text host = http_request_header(request, "host");
    trace->host = host.size == 0 || host.size > HOST_MAX_BYTES ? NULL : c_string(request, host);
    trace->user_agent = copy(request, http_request_header(request, "user-agent"), USER_AGENT_MAX_BYTES);
}

/* Two of them are none (Trace Context section 3.2, RFC 9110 section 5.3): nobody could say which of both holds. */
static bool read_parent(const struct http_request *request, struct trace_context *parent)
{
    unsigned at = 0;
    struct text first, second;
    return http_request_header_next(request, "traceparent", &at, &first) &&
           !http_request_header_next(request, "traceparent", &at, &second) && trace_parse(parent, first);
}

/* What is wrong of it leaves the traceparent as it is (section 4.2). */
static struct text read_state(struct http_request *request)
{
    struct text line;
    unsigned at = 0;
    if (!http_request_header_next(request, "tracestate", &at, &line))
        return TEXT_NONE;
    struct trace_state *state = http_request_alloc(request, sizeof(*state));
    *state = (struct trace_state){ .size = 0 };
    do
        if (!trace_state_add(state, line))
            return TEXT_NONE;
    while (http_request_header_next(request, "tracestate", &at, &line));
    return state->size == 0 ? TEXT_NONE : (struct text){ state->text, state->size };
}

/* Without a traceparent a tracestate says nothing (section 3.3). */
static void go_on(struct request_trace *trace, const struct trace_context *parent, struct http_request *request)
{
    memcpy(trace->parent_id, parent->span_id, sizeof(trace->parent_id));
    trace->state = read_state(request);
}

void request_trace_begin(struct route *route, struct http_request *request)
{
    struct request_trace *trace = http_request_alloc(request, sizeof(*trace));
    *trace = (struct request_trace){ .tell = NULL };
    struct trace_context parent;
    bool goes_on = read_parent(request, &parent);
    tracer_begin(route->api->tracer, &trace->context, goes_on ? &parent : NULL);
    if (goes_on)
        go_on(trace, &parent, request);
    request->user = trace;
    request->trace = &trace->context;
    if (!tracer_is_on(route->api->tracer))
        return;
    if (tracer_keeps_failure(route->api->tracer, &trace->context) != TRACE_FORGOTTEN)
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
