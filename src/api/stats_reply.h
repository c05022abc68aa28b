/* stats_reply: a value as JSON for programs, or as text for a terminal where the client asks for it (?format=text, or Accept:
 * text/plain). */
#pragma once

#include "base/stats.h"
#include "io/http/request.h"

#include <yyjson.h>

/* Answers with status 200; frees the document. */
void stats_reply(struct http_request *request, yyjson_mut_doc *doc, const char *title, yyjson_mut_val *value);
