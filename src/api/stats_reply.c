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

static void reply_plain(struct http_request *request, int status, struct text text)
{
    http_reply(request, &(struct http_reply){ .status = status, .content_type = "text/plain; charset=utf-8", .body = text });
}

void stats_reply_text(struct http_request *request, struct text text)
{
    reply_plain(request, 200, text);
}

void stats_reply_error(struct http_request *request, int status, struct text sentence)
{
    if (!stats_wants_text(request)) {
        http_reply_error(request, status, sentence);
        return;
    }
    struct buffer line = { 0 };
    buffer_printable(&line, sentence); /* it may hold what the client sent */
    buffer_char(&line, '\n');
    reply_plain(request, status, buffer_as_text(&line));
    buffer_free(&line);
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
