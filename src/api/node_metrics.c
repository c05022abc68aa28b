#include "api/action.h"

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct buffer text = { 0 };
    metrics_write(route->api->metrics, &text);
    http_reply(request, &(struct http_reply){
                            .status = 200,
                            .content_type = "text/plain; version=0.0.4; charset=utf-8",
                            .body = buffer_as_text(&text),
                        });
    buffer_free(&text);
}

const struct action action_node_metrics = { .name = "node.metrics", .doc = "All metrics, as Prometheus reads them.", .run = run };
