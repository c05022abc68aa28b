#include "io/http/head.h"

#include "io/http/target.h"

static enum fault check_body(const struct parser *parser);
static enum fault check_target(struct parser *parser);
static void replace_host(struct message *message, struct text authority);

static const enum http_method methods[] = {
    [HTTP_DELETE] = METHOD_DELETE, [HTTP_GET] = METHOD_GET,       [HTTP_HEAD] = METHOD_HEAD,       [HTTP_POST] = METHOD_POST,
    [HTTP_PUT] = METHOD_PUT,       [HTTP_CONNECT] = METHOD_OTHER, [HTTP_OPTIONS] = METHOD_OPTIONS,
};

enum http_method head_method(uint8_t method)
{
    if (method < sizeof(methods) / sizeof(methods[0]))
        return methods[method];
    return method == HTTP_PATCH ? METHOD_PATCH : METHOD_OTHER;
}

enum fault head_check(struct parser *parser)
{
    const llhttp_t *llhttp = &parser->llhttp;
    struct message *message = parser->message;
    message->version_10 = llhttp->http_minor == 0;
    if (message->version_10)
        message->expects_continue = false; /* its client could not understand a 100 (RFC 9110 section 10.1.1) */
    if (llhttp->method == HTTP_CONNECT)
        return FAULT_METHOD; /* this is no proxy */

    if (parser->refused != FAULT_NONE)
        return parser->refused;
    if (parser->host_count > 1 || (parser->host_count == 0 && !message->version_10))
        return FAULT_HOST;
    enum fault fault = check_body(parser);
    return fault != FAULT_NONE ? fault : check_target(parser);
}

static enum fault check_body(const struct parser *parser)
{
    const llhttp_t *llhttp = &parser->llhttp;
    if (parser->coding_count > 1 || (parser->coding_count == 1 && (parser->message->version_10 || (llhttp->flags & F_CONTENT_LENGTH) != 0)))
        return FAULT_FRAMING;
    if ((llhttp->flags & F_CHUNKED) == 0 && llhttp->content_length > parser->limits->body_bytes)
        return FAULT_BODY_SIZE;
    return FAULT_NONE;
}

static enum fault check_target(struct parser *parser)
{
    struct http_request *request = &parser->message->request;
    struct target target;
    if (!target_parse(&target, request->method, parser->message->target))
        return FAULT_TARGET;
    request->path = target.path;
    request->query = target.query;
    parser->message->target = TEXT_NONE;
    if (target.authority.data != NULL)
        replace_host(parser->message, target.authority);
    return FAULT_NONE;
}

/* The target's authority stands above the Host header (RFC 9112 section 3.2.2). */
static void replace_host(struct message *message, struct text authority)
{
    for (unsigned i = 0; i < message->header_count; i++)
        if (text_is_nocase(message->headers[i].name, "host"))
            message->headers[i].value = authority;
}

static void note_host(struct parser *parser, struct text value)
{
    parser->host_count++;
    if (!target_host_valid(value))
        parser->refused = FAULT_HOST;
}

static void note_expect(struct parser *parser, struct text value)
{
    if (text_is_nocase(value, "100-continue"))
        parser->message->expects_continue = true;
    else
        parser->refused = FAULT_EXPECTATION;
}

/* "chunked" alone is known. Anything after it would hide where the body ends. */
static void note_coding(struct parser *parser, struct text value)
{
    parser->coding_count++;
    if (text_is_nocase(value, "chunked"))
        return;
    bool chunked_first = value.size >= 7 && strncasecmp(value.data, "chunked", 7) == 0;
    parser->refused = chunked_first || value.size == 0 ? FAULT_FRAMING : FAULT_CODING;
}

static void note_request_id(struct parser *parser, struct text value)
{
    if (value.size == 0 || value.size > 128)
        return;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] <= ' ' || value.data[i] >= 0x7F)
            return;
    parser->message->request.id = value;
}

static const struct {
    struct text name;
    void (*note)(struct parser *parser, struct text value);
} deciding[] = {
    { { "host", 4 }, note_host },
    { { "expect", 6 }, note_expect },
    { { "x-request-id", 12 }, note_request_id },
    { { "transfer-encoding", 17 }, note_coding },
};

void head_note_header(struct parser *parser, struct message_header *header)
{
    struct text *value = &header->value;
    while (value->size > 0 && (value->data[value->size - 1] == ' ' || value->data[value->size - 1] == '\t'))
        value->size--;
    for (size_t i = 0; i < sizeof(deciding) / sizeof(deciding[0]); i++) {
        struct text name = deciding[i].name;
        if (header->name.size == name.size && strncasecmp(header->name.data, name.data, name.size) == 0)
            deciding[i].note(parser, *value);
    }
}
