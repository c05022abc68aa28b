/* stats_reply: a value as JSON for programs, or as text for a terminal where the client asks for it (?format=text, or Accept:
 * text/plain). */
#pragma once

#include "base/stats.h"
#include "io/http/request.h"

#include <yyjson.h>

/* Whether the client asks for text. */
bool stats_wants_text(struct http_request *request);

/* Answers with status 200: the text. */
void stats_reply_text(struct http_request *request, struct text text);

/* Answers with the sentence: as http_reply_error does, or as a line where the client asks for text. */
void stats_reply_error(struct http_request *request, int status, struct text sentence);

/* Answers with status 200; frees the document. */
void stats_reply(struct http_request *request, yyjson_mut_doc *doc, const char *title, yyjson_mut_val *value);
