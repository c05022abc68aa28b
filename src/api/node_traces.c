/* /debug/traces and /debug/traces/<trace_id>: what this process holds of traces, without a collector. */
#include "api/action.h"
#include "api/json_reply.h"
#include "api/stats_reply.h"
#include "base/clock.h"
#include "trace/trace_text.h"
#include "trace/trace_value.h"

enum { LIMIT = 20, SHOWN = 64 };

static const struct argument arguments[] = {
    { .name = "limit", .type = ARGUMENT_INT, .min = 1, .max = TRACE_LIST_MAX, .doc = "So many traces at most; 20 when absent." },
    { .name = NULL },
};

/* In the order of enum trace_list_kind. */
static const char *const kinds[] = { "last", "slowest", "failed" };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void refuse(struct http_request *request, int status, const char *found, struct text text, const char *allowed)
{
    struct buffer sentence = { 0 };
    buffer_printf(&sentence, "found %s \"%.*s\"; %s", found, (int)(text.size < SHOWN ? text.size : SHOWN), text.data, allowed);
    stats_reply_error(request, status, buffer_as_text(&sentence));
    buffer_free(&sentence);
}

static bool is_off(struct route *route, struct http_request *request)
{
    if (tracer_is_on(route->api->tracer))
        return false;
    stats_reply_error(request, 404, TEXT("no spans are made: traces.disabled is true"));
    return true;
}

static int64_t wall_offset(struct route *route)
{
    return tracer_wall_offset(route->api->tracer, clock_us(), clock_wall_us());
}

/* KINDS: it names none. */
static size_t kind_of(struct text name)
{
    if (name.data == NULL)
        return TRACES_LAST;
    size_t kind = 0;
    while (kind < KINDS && !text_is(name, kinds[kind]))
        kind++;
    return kind;
}

/* Answers what is asked wrongly. */
static bool asks_right(struct route *route, struct http_request *request, size_t kind, struct argument_value *limit)
{
    struct error err;
    if (kind == KINDS) {
        refuse(request, 400, "the list", http_query(request, "list"), "allowed: last, slowest, failed");
        return false;
    }
    if (arguments_read(arguments, route->with, request, limit, &err) == 0)
        return true;
    stats_reply_error(request, 400, text_of(err.message));
    return false;
}

static void reply_lines(struct route *route, struct http_request *request, const struct trace_list *list)
{
    struct buffer text = { 0 };
    trace_list_text(list, route->api->tracer, wall_offset(route), &text);
    stats_reply_text(request, buffer_as_text(&text));
    buffer_free(&text);
}

static void reply_rows(struct route *route, struct http_request *request, const struct trace_list *list)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    json_reply(request, 200, doc, trace_list_value(list, route->api->tracer, wall_offset(route), doc));
}

static void run_list(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct argument_value limit;
    size_t kind = kind_of(http_query(request, "list"));
    if (is_off(route, request) || !asks_right(route, request, kind, &limit))
        return;

    struct trace_list list;
    trace_list_fill(&list, route->api->tracer, (enum trace_list_kind)kind, limit.given ? (size_t)limit.integer : LIMIT);
    if (stats_wants_text(request))
        reply_lines(route, request, &list);
    else
        reply_rows(route, request, &list);
}

static void reply_tree(struct route *route, struct http_request *request, const struct trace_view *view)
{
    struct buffer text = { 0 };
    trace_text(view, wall_offset(route), &text);
    stats_reply_text(request, buffer_as_text(&text));
    buffer_free(&text);
}

static void reply_value(struct route *route, struct http_request *request, const struct trace_view *view)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    json_reply(request, 200, doc, trace_value(view, wall_offset(route), doc));
}

static void run_one(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct text name = route_match_parameter(match, "trace");
    uint8_t trace_id[16];
    struct trace_view view;
    if (!trace_id_parse(trace_id, name)) {
        refuse(request, 400, "the trace id", name, "allowed: 32 digits of 0-9 and a-f, not all 0");
        return;
    }
    if (is_off(route, request))
        return;
    if (!trace_view_open(&view, route->api->tracer, trace_id)) {
        refuse(request, 404, "no span of the trace", name,
               "it was not sampled, newer ones have taken its place, or other processes have it");
        return;
    }
    if (stats_wants_text(request))
        reply_tree(route, request, &view);
    else
        reply_value(route, request, &view);
    trace_view_close(&view);
}

const struct action action_node_traces = {
    .name = "node.traces",
    .doc = "Traces in memory, as JSON or as text: the last ones, or with `?list=slowest` or `?list=failed` those.",
    .arguments = arguments,
    .tells = true,
    .run = run_list,
};

const struct action action_node_trace = {
    .name = "node.trace",
    .doc = "The spans that this process holds of the trace whose id stands in the path as `{trace}`, as JSON or as a tree of text.",
    .tells = true,
    .run = run_one,
};
