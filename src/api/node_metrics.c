#include "api/action.h"
#include "core/accept.h"

/* What a reader of metrics may ask for. */
static const struct form {
    const char *type, *version, *content_type;
    void (*write)(struct metrics *metrics, struct buffer *out);
} openmetrics = { "application/openmetrics-text", "1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8",
                  metrics_write_openmetrics },
  text = { "text/plain", "0.0.4", "text/plain; version=0.0.4; charset=utf-8", metrics_write };

/* OpenMetrics only for whom it is no worse than text: a person with curl takes anything, and gets what is older. */
static const struct form *choose(const struct http_request *request)
{
    struct text accept = http_request_header(request, "accept");
    double weight = accept_weight(accept, openmetrics.type, openmetrics.version);
    return weight > 0 && weight >= accept_weight(accept, text.type, text.version) ? &openmetrics : &text;
}

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    const struct form *form = choose(request);
    struct buffer page = { 0 };
    form->write(route->api->metrics, &page);
    http_reply(request, &(struct http_reply){
                            .status = 200,
                            .content_type = form->content_type,
                            .body = buffer_as_text(&page),
                            .headers = &(struct http_header){ "Vary", TEXT("Accept") },
                            .header_count = 1,
                        });
    buffer_free(&page);
}

const struct action action_node_metrics = {
    .name = "node.metrics",
    .doc = "All metrics, as Prometheus reads them: in its text form, or in OpenMetrics' with exemplars where Accept asks for that.",
    .run = run,
};
