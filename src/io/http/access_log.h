/* access_log: a line for an answer: method, route, status, bytes, duration, client, and the ids of request and trace. Off by default.
 *
 * It never holds what a client may have written for nobody else's eyes: no query, no header, no body; of the path only the route that it
 * matched. So a token in a query gets into no log. */
#pragma once

#include "config/config.h"

#include <stdbool.h>

struct exchange;
struct http_reply;

struct http_access_log {
    double sample; /* 0..1: the share of answers that get a line */
    bool errors;   /* answers of 500 and above get one always */
};

extern const struct config_schema http_access_log_schema;

/* Called for each answer when it is given. Costs a comparison while it is off. */
void access_log_answer(const struct exchange *exchange, const struct http_reply *reply);
