/* accept: what a client would like to get, by its Accept header (RFC 9110 section 12.5.1). */
#pragma once

#include "base/text.h"

/* The weight, 0 to 1, that the header gives to a media type ("text/plain") by name; 0 when it does not name it, or is absent. Entries with
 * a `version` parameter that is not `version` do not count; one without it does. Ranges with a * are not looked at. O(header). */
double accept_weight(struct text header, const char *type, const char *version);
