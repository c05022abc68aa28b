/* status: the codes of RFC 9110, 6585 and 8470 that a server may send, with their texts, and which are counted apart. */
#pragma once

#include "base/text.h"
#include "io/http/request.h"

/* "HTTP/1.1 200 OK\r\n"; TEXT_NONE for a code without a text. */
struct text status_line(int status);

/* The answer's place in http_route.answers: that of its code, or the one that the others share. */
unsigned status_slot(int status);

/* The label's value for a slot: "200", "other". */
const char *status_slot_name(unsigned slot);
