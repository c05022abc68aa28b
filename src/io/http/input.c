#include "io/http/input.h"

#include "base/log.h"
#include "io/http/deliver.h"
#include "io/http/output.h"

static void parse(struct connection *connection, const char *at, const char *end);
static void on_event(struct connection *connection, enum parser_event event);
static void before_body(struct connection *connection);
static void keep(struct connection *connection, const char *at, const char *end);
static void on_end_of_input(struct connection *connection);

void input_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    if (size == 0) /* EAGAIN */
        return;
    if (size == UV_EOF) {
        on_end_of_input(connection);
        return;
    }
    if (size < 0) {
        connection_close(connection);
        return;
    }
    if (connection->state == CONNECTION_OPEN)
        parse(connection, buf->base, buf->base + size);
    output_send_if_complete(connection);
    connection_settle(connection);
}

static void parse(struct connection *connection, const char *at, const char *end)
{
    struct http_server *server = connection->listener->server;
    server->parsed = (struct text){ at, (size_t)(end - at) };
    connection->parser.now_us = engine_now_us(server);
    do {
        unsigned enough = connection->exchange_count + DELIVER_AT_ONCE;
        while (at < end && input_may_parse(connection) && connection->exchange_count < enough)
            on_event(connection, parser_feed(&connection->parser, &at, end));
        deliver_all(connection);
    } while (at < end && input_may_parse(connection) && connection->undelivered == NULL);
    if (!parser_keep(&connection->parser, server->parsed))
        connection_refuse(connection, FAULT_OVERLOADED);
    keep(connection, at, end);
    server->parsed = TEXT_NONE;
}

bool input_may_parse(const struct connection *connection)
{
    const struct http_limits *limits = &connection->listener->limits;
    return connection->state == CONNECTION_OPEN && !connection->waits && connection->exchange_count < limits->pipeline &&
           connection->unsent_bytes < limits->unsent_bytes;
}

static void on_event(struct connection *connection, enum parser_event event)
{
    switch (event) {
    case PARSER_MORE:
        return;
    case PARSER_HEAD:
        before_body(connection);
        return;
    case PARSER_REQUEST:
        if (!deliver_accept(connection))
            connection_refuse(connection, FAULT_OVERLOADED);
        return;
    case PARSER_FAULT:
        connection_refuse(connection, connection->parser.fault);
        return;
    }
}

static void before_body(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    if (listener->holding) {
        connection->waits = true;
        list_push(&listener->held, &connection->held);
    } else if (connection->parser.message->expects_continue) {
        connection_touch(connection);
    }
}

/* What may not be parsed now is kept: it is less than one read, because reading stops with it. */
static void keep(struct connection *connection, const char *at, const char *end)
{
    if (at == end || connection->state != CONNECTION_OPEN)
        return;
    size_t size = (size_t)(end - at);
    struct block_budget *budget = &connection->listener->budget;
    if (budget->used_bytes + size > budget->limit_bytes) {
        connection_refuse(connection, FAULT_OVERLOADED);
        return;
    }
    budget->used_bytes += size;
    buffer_append(&connection->input, at, size);
}

void input_resume(struct connection *connection)
{
    deliver_all(connection);
    if (connection->input.size == 0 || !input_may_parse(connection))
        return;
    struct buffer input = connection->input;
    connection->input = (struct buffer){ 0 };
    connection->listener->budget.used_bytes -= input.size;
    parse(connection, input.data, input.data + input.size);
    buffer_free(&input);
}

void input_drop(struct connection *connection)
{
    connection->listener->budget.used_bytes -= connection->input.size;
    buffer_free(&connection->input);
}

void connection_refuse(struct connection *connection, enum fault fault)
{
    struct http_listener *listener = connection->listener;
    struct exchange *exchange = exchange_take(&listener->server->exchanges, &listener->budget);
    struct message *message = parser_take(&connection->parser);
    if (message != NULL)
        exchange_begin(exchange, message);
    else
        exchange->request = (struct http_request){ .method = METHOD_OTHER, .arrived_us = engine_now_us(listener->server) };

    const struct fault_entry *entry = fault_entry(fault);
    listener_count_fault(listener, fault);
    connection_move(connection, CONNECTION_FINISHING);
    deliver_enlist(connection, exchange);
    log_scope_begin(&(struct log_scope){ .request_id = exchange->request.id });
    log_debug("http", "listener %s: refused with %d: %s", listener->name, entry->status, entry->sentence);
    log_scope_end();
    http_reply(&exchange->request, &(struct http_reply){ .status = entry->status, .body = entry->body });
}

/* A client may end its side and still wait for its answers, so it gets them. Most that end it are gone, so it is counted. */
static void on_end_of_input(struct connection *connection)
{
    connection->input_ended = true;
    connection->reading = false; /* libuv stopped by itself */
    connection->gone = connection->exchange_count > 0;
    if (connection->state == CONNECTION_LINGERING)
        connection_close(connection);
    else if (connection->state == CONNECTION_OPEN && connection->parser.phase != PARSER_BETWEEN)
        connection_refuse(connection, FAULT_INCOMPLETE);
    else if (connection->state == CONNECTION_OPEN)
        connection_move(connection, CONNECTION_FINISHING);
    connection_settle(connection);
}

void input_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct connection *connection = handle->data;
    *buf = uv_buf_init(connection->listener->server->read, ENGINE_READ_SIZE);
}
