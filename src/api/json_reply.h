/* json_reply: a yyjson document as an answer. */
#pragma once

#include "io/http/request.h"

#include <yyjson.h>

/* Answers with `root` as JSON, with a line end, indented when the query has `pretty`; frees the document. */
void json_reply(struct http_request *request, int status, yyjson_mut_doc *doc, yyjson_mut_val *root);
