#include "api/action.h"
#include "api/json_reply.h"

/* Not alive: only a restart helps, which is what whoever asks here will do. */
static void reply_dead(struct http_request *request, const struct error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *report = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, report, "status", "stuck");
    yyjson_mut_obj_add_strcpy(doc, report, "error", err->message);
    json_reply(request, 503, doc, report);
}

static void run_live(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct error err;
    if (health_alive(route->api->health, &err))
        http_reply(request, &(struct http_reply){ .status = 200, .body = TEXT("{\"status\":\"alive\"}") });
    else
        reply_dead(request, &err);
}

static void reply_report(struct route *route, struct http_request *request, int status_unready)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    bool ready;
    yyjson_mut_val *report = health_report(route->api->health, doc, &ready);
    json_reply(request, ready ? 200 : status_unready, doc, report);
}

static void run_ready(struct route *route, struct http_request *request, const struct route_match *match)
{
    reply_report(route, request, 503);
}

/* For people and simple probes: always 200 while the process answers; the body tells more. */
static void run_health(struct route *route, struct http_request *request, const struct route_match *match)
{
    reply_report(route, request, 200);
}

const struct action action_node_live = {
    .name = "node.live",
    .doc = "200 while the process can make progress; 503 with the reason when only a restart helps: every slot is held by jobs that run "
           "longer than their timeout and cannot be ended.",
    .run = run_live,
};

const struct action action_node_ready = {
    .name = "node.ready",
    .doc = "200 while it should get traffic, else 503; either way the checks.",
    .run = run_ready,
};

const struct action action_node_health = {
    .name = "node.health",
    .doc = "The same with 200 always.",
    .run = run_health,
};
