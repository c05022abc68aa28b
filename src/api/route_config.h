/* route_config: how a route stands in a file:
 *
 *   - { on: "GET|POST /submit", do: ingest.one, stream: jobs, reply: { message: "stored", trace_id: $trace } }
 *   - { use: [health, metrics, debug] }                     # bundles of ordinary routes (api/bundles.h) */
#pragma once

#include "api/reply.h"
#include "config/config.h"

struct route_config {
    const char *on; /* "GET|POST /submit" */
    const char *action;
    const char *stream;
    struct config_list with; /* of struct config_pair: arguments */
    const yyjson_val *reply; /* the template for success; the same as replies.accepted */
    struct reply_config replies;
    struct config_list use; /* of const char *: bundles */
};

/* Refuses unknown actions, bad paths, templates that name what the action does not know. */
extern const struct config_schema route_schema;
