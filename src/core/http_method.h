/* http_method: the request methods that routes may name (RFC 9110 section 9, RFC 5789). Any thread. */
#pragma once

#include "base/text.h"

enum http_method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_PATCH,
    METHOD_OPTIONS,
    METHOD_OTHER, /* well-formed, but no route can name it */
    METHOD_COUNT
};

/* "GET"; "_OTHER" for METHOD_OTHER, as OpenTelemetry's semantic conventions have `http.request.method`, which so stays one of a few. */
const char *http_method_name(enum http_method method);

/* Methods are case-sensitive. What is not in the list is METHOD_OTHER. */
enum http_method http_method_parse(struct text name);
