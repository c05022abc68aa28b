/* baggage: "name=value,name=value" with percent-encoded values, blanks around both: the form of W3C Baggage (section 3.3) without its
 * properties, in which OpenTelemetry's environment names headers and attributes. Any thread. */
#pragma once

#include "base/buffer.h"
#include "base/text.h"

/* Takes the next pair off the front of `*rest`: `*name` points into it, and the value, with its escapes undone, is appended to `value`.
 * Empty places between commas are passed over. Returns 1; 0: there is none; E_INVALID: it is no pair, or its escapes are broken. */
int baggage_next(struct text *rest, struct text *name, struct buffer *value);
