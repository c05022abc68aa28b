#include "io/http/request.h"

#include "base/percent.h"
#include "io/http/connection.h"
#include "io/http/exchange.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

/* Its texts are there while the handler runs, and longer if it keeps them. */
static struct message *message_of(const struct http_request *request)
{
    struct message *message = exchange_of(request)->message;
    assert(message != NULL);
    return message;
}

bool http_request_header_next(const struct http_request *request, const char *name, unsigned *at, struct text *value)
{
    const struct message *message = message_of(request);
    size_t size = strlen(name);
    while (*at < message->header_count) {
        const struct message_header *header = &message->headers[(*at)++];
        if (header->name.size != size || strncasecmp(header->name.data, name, size) != 0)
            continue;
        *value = header->value;
        return true;
    }
    return false;
}

struct text http_request_header(const struct http_request *request, const char *name)
{
    unsigned at = 0;
    struct text value;
    return http_request_header_next(request, name, &at, &value) ? value : TEXT_NONE;
}

bool http_request_keep(struct http_request *request)
{
    struct exchange *exchange = exchange_of(request);
    struct http_server *server = exchange->connection->listener->server;
    if (message_of(request) != server->shown)
        return true;
    if (!exchange_keep(exchange, server->parsed))
        return false;
    server->shown = NULL; /* it is the exchange's now */
    return true;
}

struct text http_percent_decode(struct http_request *request, struct text text)
{
    if (text.size == 0 || memchr(text.data, '%', text.size) == NULL)
        return text;
    struct block *block = &message_of(request)->block;
    char *start = block_alloc(block, text.size), *out = start;
    const char *end = text.data + text.size;
    for (const char *at = text.data; at < end; at++) {
        int byte = percent_byte(at, end);
        if (*at == '%' && byte < 0)
            return TEXT_NONE;
        *out++ = *at == '%' ? (char)byte : *at;
        at += *at == '%' ? 2 : 0;
    }
    block_shrink(block, out);
    return (struct text){ start, (size_t)(out - start) };
}

/* As HTML forms encode (URL standard, section 5.1): a broken % is left as it stands. */
static struct text decode_form(struct http_request *request, struct text text)
{
    if (text.size == 0 || (memchr(text.data, '%', text.size) == NULL && memchr(text.data, '+', text.size) == NULL))
        return text;
    struct block *block = &message_of(request)->block;
    char *start = block_alloc(block, text.size), *out = start;
    const char *end = text.data + text.size;
    for (const char *at = text.data; at < end; at++) {
        int byte = percent_byte(at, end);
        *out++ = byte >= 0 ? (char)byte : *at == '+' ? ' ' : *at;
        at += byte >= 0 ? 2 : 0;
    }
    block_shrink(block, out);
    return (struct text){ start, (size_t)(out - start) };
}

static struct text until(struct text text, char stop)
{
    const char *found = text.size == 0 ? NULL : memchr(text.data, stop, text.size);
    return found == NULL ? text : (struct text){ text.data, (size_t)(found - text.data) };
}

/* Takes the next "name=value" off `rest`. */
static struct text next_pair(struct text *rest)
{
    struct text pair = until(*rest, '&');
    size_t used = pair.size < rest->size ? pair.size + 1 : pair.size;
    *rest = (struct text){ rest->data + used, rest->size - used };
    return pair;
}

struct text http_query(struct http_request *request, const char *key)
{
    struct text rest = request->query;
    while (rest.size > 0) {
        struct text pair = next_pair(&rest);
        struct text name = until(pair, '=');
        if (!text_is(decode_form(request, name), key))
            continue;
        size_t skip = name.size < pair.size ? name.size + 1 : name.size;
        return decode_form(request, (struct text){ pair.data + skip, pair.size - skip });
    }
    return TEXT_NONE;
}

size_t http_query_count(struct http_request *request, const char *key)
{
    struct text rest = request->query;
    size_t count = 0;
    while (rest.size > 0)
        count += text_is(decode_form(request, until(next_pair(&rest), '=')), key);
    return count;
}

void *http_request_alloc(struct http_request *request, size_t size)
{
    uintptr_t align = alignof(max_align_t);
    uintptr_t memory = (uintptr_t)block_alloc(&exchange_of(request)->block, size + align - 1);
    return (void *)((memory + align - 1) & ~(align - 1));
}

const struct sockaddr *http_request_client(const struct http_request *request)
{
    return &exchange_of(request)->connection->peer.any;
}

bool http_request_left(const struct http_request *request)
{
    const struct connection *connection = exchange_of(request)->connection;
    return connection->input_ended || connection->state == CONNECTION_CLOSED;
}

struct text http_request_version(const struct http_request *request)
{
    return exchange_of(request)->version_10 ? TEXT("1.0") : TEXT("1.1");
}
