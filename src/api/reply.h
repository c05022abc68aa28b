/* reply: an answer by outcome: status, template, Retry-After.
 *
 *   accepted 200   invalid 400   too_large 413   limited 429   unavailable 503   unknown 504
 *
 * Where the configuration has no template for an outcome, the answer is {"error":"<one clear sentence>"}. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/metrics.h"
#include "core/template.h"
#include "io/http/request.h"

#include <stdint.h>
#include <yyjson.h>

/* What the configuration says; NULL where it says nothing. */
struct reply_config {
    const yyjson_val *accepted, *invalid, *too_large, *limited, *unavailable, *unknown;
};

#define REPLY_OUTCOMES 6

struct reply_set {
    struct template *templates[REPLY_OUTCOMES]; /* NULL: the default */
    size_t error_slot;                          /* "error" among the action's names */
    size_t retry_slot;                          /* "retry_after" */
    struct buffer body;                         /* scratch: an answer until it is copied into its connection */
};

/* Compiles the templates; `names` are the action's, "error" and "retry_after" (seconds) among them. Returns 0, or a code with a
 * sentence that names the outcome; the set is empty then. */
int reply_set_init(struct reply_set *set, const struct reply_config *config, const char *const *names, struct error *err);
void reply_set_free(struct reply_set *set);

/* Answers with the template for success, or with {} without one. `values` as in template_render. */
void reply_accepted(struct reply_set *set, struct http_request *request, const struct template_value *values);

/* Answers an error with its outcome's status and template; a code without an outcome is 500 with its sentence.
 * `values` as above, but for error and retry_after, which are filled in. `retry_after_us` 0: no Retry-After, otherwise the
 * header has it in whole seconds, rounded up (RFC 9110 section 10.2.3). */
void reply_failed(struct reply_set *set, struct http_request *request, struct template_value *values, const struct error *err,
                  uint64_t retry_after_us);
