#include "io/http/parser.h"

#include "io/http/head.h"

#include <ctype.h>
#include <string.h>

static const llhttp_settings_t settings;

void parser_init(struct parser *parser, const struct http_limits *limits, struct block_pool *pool, struct block_budget *budget)
{
    memset(parser, 0, sizeof(*parser));
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->limits = limits;
    parser->pool = pool;
    parser->budget = budget;
    parser->fault = FAULT_NONE;
}

static enum parser_event fail(struct parser *parser, enum fault fault)
{
    if (parser->fault == FAULT_NONE)
        parser->fault = fault;
    return PARSER_FAULT;
}

static enum fault fault_of(const struct parser *parser, llhttp_errno_t error, const char *at, const char *end);
static bool line_ends_early(const struct parser *parser, const char *end);
static void remember_end(struct parser *parser, const char *start, const char *end);

enum parser_event parser_feed(struct parser *parser, const char **at, const char *end)
{
    const char *start = *at;
    bool in_body = parser->phase == PARSER_BODY; /* PARSER_HEAD stops before it, so a feed has bytes of one or the other */
    if (parser->fault != FAULT_NONE)
        return PARSER_FAULT;

    parser->fed = parser->target_fed = start;
    llhttp_errno_t error = llhttp_execute(&parser->llhttp, start, (size_t)(end - start));
    *at = error == HPE_OK ? end : llhttp_get_error_pos(&parser->llhttp);
    if (error != HPE_OK && error != HPE_PAUSED)
        return fail(parser, fault_of(parser, error, *at, end));

    if (in_body)
        parser->body_wire_bytes += (uint64_t)(*at - start);
    if (parser->body_wire_bytes > 2 * parser->limits->body_bytes + parser->limits->header_bytes)
        return fail(parser, FAULT_BODY_SIZE);
    if (error == HPE_OK && line_ends_early(parser, end))
        return fail(parser, FAULT_VERSION);
    if (error == HPE_OK) {
        remember_end(parser, start, end);
        return PARSER_MORE;
    }
    llhttp_resume(&parser->llhttp);
    return parser->phase == PARSER_BETWEEN ? PARSER_REQUEST : PARSER_HEAD;
}

bool parser_keep(struct parser *parser, struct text read)
{
    if (parser->message == NULL || message_keep(parser->message, read))
        return true;
    fail(parser, FAULT_OVERLOADED);
    return false;
}

struct message *parser_take(struct parser *parser)
{
    struct message *message = parser->message;
    parser->message = NULL;
    return message;
}

void parser_close(struct parser *parser)
{
    struct message *message = parser_take(parser);
    if (message != NULL)
        message_give_back(parser->pool, message);
}

/* HTTP/0.9, "GET /" and a line's end, has no headers to wait for. */
static bool line_ends_early(const struct parser *parser, const char *end)
{
    if (parser->phase != PARSER_LINE || parser->version_begun || parser->message->target.size == 0)
        return false;
    return memchr(parser->target_fed, '\n', (size_t)(end - parser->target_fed)) != NULL;
}

static void remember_end(struct parser *parser, const char *start, const char *end)
{
    size_t size = (size_t)(end - start);
    size_t kept = PARSER_LOOK_BACK;
    if (parser->phase != PARSER_LINE)
        return;
    if (size >= kept) {
        memcpy(parser->last_bytes, end - kept, kept);
        return;
    }
    memmove(parser->last_bytes, parser->last_bytes + size, kept - size);
    memcpy(parser->last_bytes + kept - size, start, size);
}

/* PARSER_LOOK_BACK bytes before `at`; put together in `joined` where some of them came with an earlier feed. */
static const char *look_back(const struct parser *parser, const char *at, char joined[PARSER_LOOK_BACK])
{
    size_t here = (size_t)(at - parser->fed);
    if (here >= PARSER_LOOK_BACK)
        return at - PARSER_LOOK_BACK;
    memcpy(joined, parser->last_bytes + here, PARSER_LOOK_BACK - here);
    memcpy(joined + PARSER_LOOK_BACK - here, at - here, here);
    return joined;
}

static enum fault fault_of(const struct parser *parser, llhttp_errno_t error, const char *at, const char *end)
{
    switch (error) {
    case HPE_INVALID_METHOD:
        /* A letter that fits no method makes an unknown one (RFC 9110 section 9.1); anything else is no request line. */
        return at != NULL && at < end && isalpha((unsigned char)*at) ? FAULT_METHOD : FAULT_REQUEST_LINE;
    case HPE_PAUSED_H2_UPGRADE:
        return FAULT_VERSION;
    case HPE_INVALID_VERSION: /* also for what stands between the version and the line's end */
        return parser->phase == PARSER_LINE ? FAULT_VERSION : FAULT_REQUEST_LINE;
    case HPE_INVALID_URL:
        return FAULT_TARGET;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING:
        return FAULT_FRAMING;
    case HPE_INVALID_CHUNK_SIZE:
        return FAULT_CHUNK;
    default:
        break;
    }
    if (parser->phase == PARSER_BODY)
        return FAULT_CHUNK;
    return parser->phase == PARSER_HEADERS ? FAULT_HEADER : FAULT_REQUEST_LINE;
}

/* ---- what llhttp calls: a fault is remembered, and any error code but HPE_PAUSED ends the parsing ---- */

static struct parser *parser_of(llhttp_t *llhttp)
{
    return (struct parser *)(void *)llhttp; /* its first member */
}

static int refuse(struct parser *parser, enum fault fault)
{
    fail(parser, fault);
    return HPE_USER;
}

static int on_message_begin(llhttp_t *llhttp)
{
    struct parser *parser = parser_of(llhttp);
    memset(&parser->body_wire_bytes, 0, sizeof(*parser) - offsetof(struct parser, body_wire_bytes));
    parser->phase = PARSER_LINE;
    parser->refused = FAULT_NONE;
    parser->message = message_take(parser->pool, parser->budget);
    if (parser->message == NULL)
        return refuse(parser, FAULT_OVERLOADED);
    parser->message->request.arrived_us = parser->now_us;
    parser->message->request.method = METHOD_OTHER; /* not known before its line is whole */
    return 0;
}

/* llhttp takes several blanks for one (RFC 9112 section 3: a sender sends one). */
static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    char joined[PARSER_LOOK_BACK];
    const char *before = look_back(parser, at, joined);
    parser->target_fed = at;
    if (parser->message->target.size == 0 && before[PARSER_LOOK_BACK - 2] == ' ')
        return refuse(parser, FAULT_REQUEST_LINE);
    if (parser->message->target.size + size > parser->limits->url_bytes)
        return refuse(parser, FAULT_TARGET_SIZE);
    return message_append(parser->message, &parser->message->target, at, size) ? 0 : refuse(parser, FAULT_OVERLOADED);
}

/* llhttp takes RTSP/ and ICE/ too. */
static int on_version(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    char joined[PARSER_LOOK_BACK];
    if (parser->version_begun)
        return 0;
    parser->version_begun = true;
    const char *before = look_back(parser, at, joined);
    if (memcmp(before + 1, " HTTP/", 6) != 0)
        return refuse(parser, FAULT_VERSION);
    return before[0] != ' ' ? 0 : refuse(parser, FAULT_REQUEST_LINE);
}

static int on_version_complete(llhttp_t *llhttp)
{
    struct parser *parser = parser_of(llhttp);
    bool known = llhttp->http_major == 1 && llhttp->http_minor <= 1;
    parser->phase = PARSER_HEADERS;
    parser->message->request.method = head_method(llhttp->method);
    return known ? 0 : refuse(parser, FAULT_VERSION);
}

static bool count_header_bytes(struct parser *parser, size_t size)
{
    parser->header_bytes += size;
    return parser->header_bytes <= parser->limits->header_bytes;
}

/* The first piece of a name begins a header. Trailers are counted, and left out: nothing may depend on them. */
static int on_header_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    if (!count_header_bytes(parser, size))
        return refuse(parser, FAULT_HEADER_SIZE);
    if (!parser->version_begun)
        return refuse(parser, FAULT_VERSION);
    if (parser->phase != PARSER_HEADERS)
        return 0;
    struct message *message = parser->message;
    if (message->header_count == parser->header_count && !message_add_header(message))
        return refuse(parser, FAULT_OVERLOADED);
    return message_append(message, &message_last_header(message)->name, at, size) ? 0 : refuse(parser, FAULT_OVERLOADED);
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    if (!count_header_bytes(parser, size))
        return refuse(parser, FAULT_HEADER_SIZE);
    if (parser->phase != PARSER_HEADERS || size == 0)
        return 0;
    struct message *message = parser->message;
    return message_append(message, &message_last_header(message)->value, at, size) ? 0 : refuse(parser, FAULT_OVERLOADED);
}

static int on_header_value_complete(llhttp_t *llhttp)
{
    struct parser *parser = parser_of(llhttp);
    if (++parser->header_count > (uint64_t)parser->limits->header_count)
        return refuse(parser, FAULT_HEADER_SIZE);
    if (parser->phase == PARSER_HEADERS)
        head_note_header(parser, message_last_header(parser->message));
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct parser *parser = parser_of(llhttp);
    enum fault fault = parser->version_begun ? head_check(parser) : FAULT_VERSION;
    if (fault != FAULT_NONE)
        return refuse(parser, fault);

    llhttp->upgrade = 0; /* an Upgrade that is not wanted is ignored (RFC 9110 section 7.8): the request is an ordinary one */
    parser->phase = PARSER_BODY;
    bool body_follows = (llhttp->flags & F_CHUNKED) != 0 || llhttp->content_length > 0;
    return body_follows ? HPE_PAUSED : 0;
}

static int on_chunk_header(llhttp_t *llhttp)
{
    struct parser *parser = parser_of(llhttp);
    uint64_t room = parser->limits->body_bytes - parser->message->request.body.size;
    return llhttp->content_length <= room ? 0 : refuse(parser, FAULT_BODY_SIZE);
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct parser *parser = parser_of(llhttp);
    bool chunked = (llhttp->flags & F_CHUNKED) != 0;
    bool added = message_append_body(parser->message, at, size, llhttp->content_length, chunked); /* llhttp counts down what is left */
    return added ? 0 : refuse(parser, FAULT_OVERLOADED);
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct parser *parser = parser_of(llhttp);
    parser->message->keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    parser->phase = PARSER_BETWEEN;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_version = on_version,
    .on_version_complete = on_version_complete,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk_header,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};
