/* work_values: what reply templates of the work.* actions may name, and what they answer without a template. */
#pragma once

#include "api/action.h"

/* For struct action. */
extern const char *const work_value_names[];

/* Answers with the route's template for success; without one, with `plain` as JSON. Either way once. */
typedef yyjson_mut_val *(*work_plain)(const struct work *work, yyjson_mut_doc *doc);
void work_reply(struct route *route, struct http_request *request, work_plain plain);

void work_reply_failed(struct route *route, struct http_request *request, const struct error *err);
