/* arguments: what a request asks of an action that takes something.
 *
 *   POST /config?paused=true        POST /config {"processing_time_ms":200,"paused":true}
 *   - { on: "POST /slow", do: work.set, stream: orders, with: { processing_time_ms: "query:time_ms=2000" } }
 *
 * An argument comes from the query or from a body that is a JSON object, by its name. What the route's `with` names comes from there
 * alone: a value, "query:NAME" (another name in the query) or "query:NAME=VALUE" (VALUE where the query has none). */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "io/http/request.h"

#include <stdbool.h>
#include <stdint.h>

enum argument_type { ARGUMENT_BOOL, ARGUMENT_INT, ARGUMENT_CHOICE };

/* A row of an action's table, which ends with name == NULL. */
struct argument {
    const char *name;
    enum argument_type type;
    int64_t min, max;           /* of ARGUMENT_INT */
    const char *const *choices; /* of ARGUMENT_CHOICE; ends with NULL */
    const char *doc;            /* one sentence */
};

struct argument_value {
    bool given;
    bool boolean;
    int64_t integer; /* of ARGUMENT_CHOICE: which one */
};

/* Reads the table's arguments into `values`, one for each row. `with` is of struct config_pair; NULL: nothing. Returns 0, or E_INVALID with
 * what was found and what is allowed: a wrong value, a name in the body that is none of the table's, an argument in both places or twice.
 */
int arguments_read(const struct argument *table, const struct config_list *with, struct http_request *request,
                   struct argument_value *values, struct error *err);

/* Is this an argument that a route may set, and to this? The same words. */
int arguments_check_with(const struct argument *table, const struct config_pair *pair, struct error *err);
