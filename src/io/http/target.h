/* target: the forms of a request target (RFC 9112 section 3.2).
 *
 *   origin-form     /path?query
 *   absolute-form   http://authority/path?query     what a client sends to a proxy; a server must take it too
 *   asterisk-form   *                               with OPTIONS alone
 *
 * authority-form belongs to CONNECT, which is not served. No allocation; results are slices. */
#pragma once

#include "base/text.h"
#include "core/http_method.h"

#include <stdbool.h>

struct target {
    struct text path;
    struct text query;     /* TEXT_NONE without a '?' */
    struct text authority; /* absolute-form; else TEXT_NONE */
};

/* False if the text is none of these forms, or holds anything but visible ASCII, or a fragment. */
bool target_parse(struct target *target, enum http_method method, struct text text);

/* Whether a Host header may have this value: uri-host [ ":" port ], or nothing (RFC 9110 section 7.2). */
bool target_host_valid(struct text host);
