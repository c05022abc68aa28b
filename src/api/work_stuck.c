/* /debug/stuck: what does not come to its end. */
#include "api/stats_reply.h"
#include "api/work_values.h"

/* Longer than a partition stands still in daily life: a rebalance, a broker that restarts. */
enum { LONGER_THAN_MS = 10000 };

static const struct argument arguments[] = {
    { .name = "longer_than_ms",
      .type = ARGUMENT_INT,
      .min = 0,
      .max = 86400000,
      .doc = "Names partitions that have records and have not moved for so long; 10000 when absent." },
    { .name = NULL },
};

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct argument_value longer;
    struct error err;
    if (arguments_read(arguments, route->with, request, &longer, &err) != 0) {
        stats_reply_error(request, 400, text_of(err.message));
        return;
    }
    uint64_t longer_than_ms = longer.given ? (uint64_t)longer.integer : LONGER_THAN_MS;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    stats_reply(request, doc, "stuck", work_shared_stuck(route->api->works, longer_than_ms * 1000, doc));
}

const struct action action_node_stuck = {
    .name = "node.stuck",
    .doc = "Attempts that run longer than their `timeout`, and partitions that have records and do not move, each with the reason; as JSON "
           "or as text.",
    .arguments = arguments,
    .tells = true,
    .run = run,
};
