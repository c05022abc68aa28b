#include "api/action.h"
#include "api/request_trace.h"
#include "base/log.h"

#include <string.h>

static const struct action *const actions[] = {
    &action_ingest_one,  &action_log_get,      &action_log_set,       &action_node_live,   &action_node_ready,
    &action_node_health, &action_node_metrics, &action_node_stats,    &action_node_stuck,  &action_node_profile,
    &action_node_traces, &action_node_trace,   &action_work_pause,    &action_work_resume, &action_work_get,
    &action_work_set,    &action_work_stats,   &action_work_assigned, &action_work_counts,
};

const struct action *action_at(size_t i)
{
    return i < sizeof(actions) / sizeof(actions[0]) ? actions[i] : NULL;
}

const struct action *action_find(const char *name)
{
    for (size_t i = 0; action_at(i) != NULL; i++)
        if (strcmp(actions[i]->name, name) == 0)
            return actions[i];
    return NULL;
}

static const char *refusal_of(const struct route *route, const struct http_request *request)
{
    if (route->action->changes)
        return admin_refusal(route->api->admin, request);
    return route->action->tells ? admin_look_refusal(route->api->admin, request) : NULL;
}

static void refuse(const struct action *action, struct http_request *request, const char *reason)
{
    struct buffer sentence = { 0 };
    buffer_printf(&sentence, "%s %s: %s", action->name, action->changes ? "changes something" : "tells of the inside", reason);
    log_info("api", "answered 403: %.*s", TEXT_ARG(buffer_as_text(&sentence)));
    http_reply_error(request, 403, buffer_as_text(&sentence));
    buffer_free(&sentence);
}

void route_run(struct route *route, struct http_request *request, const struct route_match *match)
{
    if (route->action->changes || route->action->stores)
        request_trace_begin(route, request);
    const char *refusal = refusal_of(route, request);
    if (refusal == NULL)
        route->action->run(route, request, match);
    else
        refuse(route->action, request, refusal);
}
