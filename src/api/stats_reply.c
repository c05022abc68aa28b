#include "api/stats_reply.h"

#include "api/json_reply.h"

bool stats_wants_text(struct http_request *request)
{
    struct text format = http_query(request, "format");
    if (format.data != NULL)
        return text_is(format, "text");
    struct text accept = http_request_header(request, "accept");
    return accept.size >= 10 && memmem(accept.data, accept.size, "text/plain", 10) != NULL;
}

void stats_reply_text(struct http_request *request, struct text text)
{
    http_reply(request, &(struct http_reply){ .status = 200, .content_type = "text/plain; charset=utf-8", .body = text });
}

static void reply_text(struct http_request *request, yyjson_mut_doc *doc, const char *title, yyjson_mut_val *value)
{
    struct buffer text = { 0 };
    stats_text(title, value, &text);
    yyjson_mut_doc_free(doc);
    stats_reply_text(request, buffer_as_text(&text));
    buffer_free(&text);
}

void stats_reply(struct http_request *request, yyjson_mut_doc *doc, const char *title, yyjson_mut_val *value)
{
    if (stats_wants_text(request))
        reply_text(request, doc, title, value);
    else
        json_reply(request, 200, doc, value);
}
