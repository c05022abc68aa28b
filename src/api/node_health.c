#include "api/action.h"
#include "api/json_reply.h"

static void run_live(struct route *route, struct http_request *request, const struct route_match *match)
{
    http_reply(request, &(struct http_reply){ .status = 200, .body = TEXT("{\"status\":\"alive\"}") });
}

static void run_ready(struct route *route, struct http_request *request, const struct route_match *match)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    bool ready;
    yyjson_mut_val *report = health_report(route->api->health, doc, &ready);
    json_reply(request, ready ? 200 : 503, doc, report);
}

/* For people and simple probes: always 200 while the process answers; the body tells more. */
static void run_health(struct route *route, struct http_request *request, const struct route_match *match)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    bool ready;
    yyjson_mut_val *report = health_report(route->api->health, doc, &ready);
    json_reply(request, 200, doc, report);
}

const struct action action_node_live = { .name = "node.live", .doc = "200 while the process can make progress.", .run = run_live };
const struct action action_node_ready = { .name = "node.ready",
                                          .doc = "200 while it should get traffic, else 503; either way the checks.",
                                          .run = run_ready };
const struct action action_node_health = { .name = "node.health", .doc = "The same with 200 always.", .run = run_health };
