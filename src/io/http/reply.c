#include "io/http/reply.h"

#include "base/decimal.h"
#include "io/http/access_log.h"
#include "io/http/status.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Bounds of the head's own lines: status line, Content-Type's name, Content-Length, Date, X-Request-Id's name,
 * Connection and the empty line. */
#define HEAD_SIZE 320

static void count(struct http_listener *listener, struct http_route *route, int status);
static void end_message(struct exchange *exchange);
static void write_error_body(struct buffer *body, struct text sentence);

void http_reply(struct http_request *request, const struct http_reply *reply)
{
    struct exchange *exchange = exchange_of(request);
    struct connection *connection = exchange->connection;
    struct http_listener *listener = connection->listener;
    assert(exchange->reply.data == NULL); /* exactly once */
    assert(reply->status >= 200 && reply->status <= 599);

    if (request->on_reply != NULL)
        request->on_reply(request, reply->status);
    connection->unanswered--;
    listener->requests--;
    count(listener, request->route, reply->status);
    access_log_answer(exchange, reply);
    if (connection->gone)
        metric_add(listener->client_gone, 1);
    if (connection->state == CONNECTION_CLOSED) {
        end_message(exchange);
        connection_forget(connection, exchange);
        return;
    }

    bool last = connection->state == CONNECTION_FINISHING && exchange->link.next == &connection->exchanges;
    reply_write(exchange, reply, engine_date(listener->server), last);
    end_message(exchange);
    connection->unsent_bytes += exchange->reply.size;
    connection_touch(connection);
}

/* Nobody asks for the request's texts any more. One that its handler still looks at goes when that returns. */
static void end_message(struct exchange *exchange)
{
    struct http_server *server = exchange->connection->listener->server;
    struct message *message = exchange->message;
    exchange->message = NULL;
    if (message == NULL)
        return;
    message->exchange = NULL;
    if (message != server->shown)
        message_give_back(&server->messages, message);
}

void http_reply_error(struct http_request *request, int status, struct text sentence)
{
    struct buffer *body = &exchange_of(request)->connection->listener->server->sentence;
    write_error_body(body, sentence);
    http_reply(request, &(struct http_reply){ .status = status, .body = buffer_as_text(body) });
}

static void end_message(struct exchange *exchange);
static void write_error_body(struct buffer *body, struct text sentence)
{
    buffer_clear(body);
    buffer_string(body, "{\"error\":");
    buffer_json_string(body, sentence);
    buffer_char(body, '}');
}

static void count(struct http_listener *listener, struct http_route *route, int status)
{
    if (route == NULL)
        route = &listener->no_route;
    unsigned slot = status_slot(status);
    if (route->answers[slot] == NULL)
        route->answers[slot] = metric(listener->server->metrics, METRIC_HTTP_REQUESTS, listener->name, route->name, status_slot_name(slot));
    metric_add(route->answers[slot], 1);
}

static char *put(char *at, struct text text)
{
    memcpy(at, text.data, text.size);
    return at + text.size;
}

#define PUT(at, literal) put(at, TEXT(literal))

static char *put_status_line(char *at, int status)
{
    struct text line = status_line(status);
    if (line.data != NULL)
        return put(at, line);
    at = PUT(at, "HTTP/1.1 ");
    at = decimal_write(at, (uint64_t)status);
    return PUT(at, " Unknown\r\n");
}

/* A value with a line break in it would end the header, and begin what its author likes. */
static char *put_value(char *at, struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        *at++ = c == '\r' || c == '\n' || c == 0 ? ' ' : c;
    }
    return PUT(at, "\r\n");
}

static char *put_headers(char *at, const struct http_reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        at = put(at, text_of(reply->headers[i].name));
        at = PUT(at, ": ");
        at = put_value(at, reply->headers[i].value);
    }
    return at;
}

static size_t room_for(const struct exchange *exchange, const struct http_reply *reply, struct text type)
{
    size_t size = HEAD_SIZE + type.size + exchange->request.id.size + reply->body.size;
    for (size_t i = 0; i < reply->header_count; i++)
        size += strlen(reply->headers[i].name) + reply->headers[i].value.size + 4;
    return size;
}

static char *put_connection(char *at, const struct exchange *exchange, bool last)
{
    if (last)
        return PUT(at, "Connection: close\r\n");
    return exchange->version_10 ? PUT(at, "Connection: keep-alive\r\n") : at;
}

void reply_write(struct exchange *exchange, const struct http_reply *reply, const char *date, bool last)
{
    /* Neither has content, nor says how long it would be (RFC 9110 sections 15.3.5 and 15.4.5). */
    bool bare = reply->status == 204 || reply->status == 304;
    struct text type = reply->content_type == NULL ? TEXT("application/json") : text_of(reply->content_type);
    char *start = block_alloc(&exchange->block, room_for(exchange, reply, type));

    char *at = put_status_line(start, reply->status);
    if (!bare) {
        at = PUT(at, "Content-Type: ");
        at = put(at, type);
        at = PUT(at, "\r\nContent-Length: ");
        at = decimal_write(at, reply->body.size);
        at = PUT(at, "\r\n");
    }
    at = PUT(at, "Date: ");
    at = put(at, (struct text){ date, ENGINE_DATE_SIZE - 1 });
    at = PUT(at, "\r\nX-Request-Id: ");
    at = put(at, exchange->request.id);
    at = PUT(at, "\r\n");
    at = put_headers(at, reply);
    at = put_connection(at, exchange, last);
    at = PUT(at, "\r\n");
    if (!bare && exchange->request.method != METHOD_HEAD && reply->body.size > 0)
        at = put(at, reply->body);

    block_shrink(&exchange->block, at);
    exchange->reply = (struct text){ start, (size_t)(at - start) };
}
