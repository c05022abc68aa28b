#include "io/http/connection.h"

#include "base/log.h"
#include "base/memory.h"
#include "io/http/output.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf);
static void parse(struct connection *connection, const char *at, const char *end);
static void deliver(struct connection *connection);
static void on_end_of_input(struct connection *connection);

/* ---- in ---- */

static struct http_server *server_of(const struct connection *connection)
{
    return connection->listener->server;
}

/* Every change of state: only forwards. */
static void move(struct connection *connection, enum connection_state state)
{
    assert(state > connection->state);
    connection->state = state;
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct connection *connection = handle->data;
    *buf = uv_buf_init(server_of(connection)->read, ENGINE_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    if (size == 0) /* EAGAIN */
        return;
    if (size == UV_EOF) {
        on_end_of_input(connection);
        return;
    }
    if (size < 0) {
        connection->gone = true;
        connection_close(connection);
        return;
    }
    if (connection->state == CONNECTION_OPEN)
        parse(connection, buf->base, buf->base + size);
    output_send_if_complete(connection);
    connection_settle(connection);
}

static bool may_parse(const struct connection *connection)
{
    const struct http_limits *limits = &connection->listener->limits;
    return connection->state == CONNECTION_OPEN && !connection->waits && connection->exchange_count < limits->pipeline &&
           connection->unsent_bytes < limits->unsent_bytes;
}

static void before_body(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    if (listener->holding) {
        connection->waits = true;
        list_push(&listener->held, &connection->held);
    } else if (connection->parser.exchange->expects_continue) {
        connection_touch(connection);
    }
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
        deliver(connection);
        return;
    case PARSER_FAULT:
        connection_refuse(connection, connection->parser.fault);
        return;
    }
}

/* What may not be parsed now is kept: it is less than one read, because reading stops with it. */
static void keep(struct connection *connection, const char *at, const char *end)
{
    if (at == end || connection->state != CONNECTION_OPEN)
        return;
    size_t size = (size_t)(end - at);
    struct exchange_budget *budget = &connection->listener->budget;
    if (budget->used_bytes + size > budget->limit_bytes) {
        connection_refuse(connection, FAULT_OVERLOADED);
        return;
    }
    budget->used_bytes += size;
    buffer_append(&connection->input, at, size);
}

static void parse(struct connection *connection, const char *at, const char *end)
{
    connection->parser.now_us = engine_now_us(server_of(connection));
    while (at < end && may_parse(connection))
        on_event(connection, parser_feed(&connection->parser, &at, end));
    keep(connection, at, end);
}

static void drop_input(struct connection *connection)
{
    connection->listener->budget.used_bytes -= connection->input.size;
    buffer_free(&connection->input);
}

static void parse_input(struct connection *connection)
{
    struct buffer input = connection->input;
    connection->input = (struct buffer){ 0 };
    connection->listener->budget.used_bytes -= input.size;
    parse(connection, input.data, input.data + input.size);
    buffer_free(&input);
}

static void give_id(struct connection *connection, struct exchange *exchange)
{
    static const char digits[] = "0123456789abcdef";
    if (exchange->request.id.data != NULL)
        return;
    uint64_t bits = random_next(&server_of(connection)->random);
    for (size_t i = 0; i < EXCHANGE_ID_SIZE; i++, bits >>= 4)
        exchange->made_id[i] = digits[bits & 15];
    exchange->request.id = (struct text){ exchange->made_id, EXCHANGE_ID_SIZE };
}

static void enlist(struct connection *connection, struct exchange *exchange)
{
    exchange->connection = connection;
    list_push(&connection->exchanges, &exchange->link);
    connection->exchange_count++;
    connection->unanswered++;
    connection->listener->requests++;
    give_id(connection, exchange);
}

static void deliver(struct connection *connection)
{
    struct exchange *exchange = parser_take(&connection->parser);
    enlist(connection, exchange);
    if (!exchange->keep_alive)
        move(connection, CONNECTION_FINISHING);
    connection->listener->handler(connection->listener->arg, &exchange->request);
}

static void stop_waiting(struct connection *connection)
{
    connection->waits = false;
    list_remove(&connection->held);
}

void connection_refuse(struct connection *connection, enum fault fault)
{
    struct http_listener *listener = connection->listener;
    struct exchange *exchange = parser_take(&connection->parser);
    if (exchange == NULL)
        exchange = exchange_take_anyway(&listener->server->pool, &listener->budget);
    if (exchange->request.arrived_us == 0)
        exchange->request.arrived_us = engine_now_us(listener->server);

    listener_count_fault(listener, fault);
    stop_waiting(connection);
    move(connection, CONNECTION_FINISHING);
    enlist(connection, exchange);
    const struct fault_entry *entry = fault_entry(fault);
    log_debug("http", "listener %s: refused with %d: %s", listener->name, entry->status, entry->sentence);
    http_reply(&exchange->request, &(struct http_reply){ .status = entry->status, .body = entry->body });
}

/* A client may end its side and still wait for answers; most that end it are gone. It is told the former, counted the latter. */
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
        move(connection, CONNECTION_FINISHING);
    connection_settle(connection);
}

/* ---- the turn's end ---- */

void connection_touch(struct connection *connection)
{
    struct http_server *server = server_of(connection);
    if (!list_empty(&connection->dirty))
        return;
    list_push(&server->dirty, &connection->dirty);
    engine_wake(server);
}

void connection_turn(struct connection *connection)
{
    output_send(connection);
    if (connection->input.size > 0 && may_parse(connection))
        parse_input(connection);
    connection_settle(connection);
}

void connection_release(struct connection *connection)
{
    stop_waiting(connection);
    connection_touch(connection);
}

/* ---- states ---- */

static void linger(struct connection *connection)
{
    uv_os_fd_t fd;
    if (connection->input_ended || uv_fileno(&connection->handle, &fd) != 0) {
        connection_close(connection);
        return;
    }
    move(connection, CONNECTION_LINGERING);
    shutdown(fd, SHUT_WR);
}

static void advance(struct connection *connection)
{
    bool quiet = connection->parser.phase == PARSER_BETWEEN && connection->input.size == 0;
    if (connection->state == CONNECTION_OPEN && quiet && server_of(connection)->drain == DRAIN_SEALED) {
        if (output_done(connection)) { /* nothing was asked: nothing to linger for */
            connection_close(connection);
            return;
        }
        move(connection, CONNECTION_FINISHING);
    }
    if (connection->state != CONNECTION_OPEN && connection->input.size > 0)
        drop_input(connection);
    if (connection->state == CONNECTION_FINISHING && output_done(connection))
        linger(connection);
}

static void set_deadline(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    uint64_t now_ms = uv_now(listener->server->loop);
    struct deadline *deadline = &connection->reading_deadline;

    if (connection->state == CONNECTION_LINGERING)
        deadline_arm(deadline, &listener->linger, now_ms);
    else if (connection->state != CONNECTION_OPEN || !may_parse(connection))
        deadline_disarm(deadline); /* it is we who do not read */
    else if (connection->parser.phase == PARSER_BODY)
        deadline_arm(deadline, &listener->body, now_ms);
    else if (connection->parser.phase != PARSER_BETWEEN)
        deadline_arm(deadline, &listener->header, now_ms);
    else if (output_done(connection))
        deadline_arm(deadline, &listener->idle, now_ms);
    else
        deadline_disarm(deadline);
}

static void set_reading(struct connection *connection)
{
    bool wanted = connection->state == CONNECTION_OPEN ? may_parse(connection) && connection->input.size == 0 : true;
    wanted = wanted && !connection->input_ended;
    if (wanted == connection->reading)
        return;
    connection->reading = wanted;
    if (!wanted) {
        uv_read_stop(&connection->stream);
        return;
    }
    if (uv_read_start(&connection->stream, on_room_wanted, on_read) != 0)
        connection_close(connection);
}

void connection_settle(struct connection *connection)
{
    if (connection->state != CONNECTION_CLOSED)
        advance(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    set_deadline(connection);
    set_reading(connection);
}

/* ---- begin and end ---- */

static void keep_peer(struct connection *connection, const struct sockaddr *peer)
{
    connection->peer.any.sa_family = peer->sa_family;
    if (peer->sa_family == AF_INET)
        memcpy(&connection->peer.ip4, peer, sizeof(connection->peer.ip4));
    else if (peer->sa_family == AF_INET6)
        memcpy(&connection->peer.ip6, peer, sizeof(connection->peer.ip6));
}

static int open_handle(struct connection *connection, int fd, int family)
{
    uv_loop_t *loop = server_of(connection)->loop;
    int rc;
    if (family == AF_UNIX) {
        uv_pipe_init(loop, &connection->pipe, 0);
        rc = uv_pipe_open(&connection->pipe, fd);
    } else {
        uv_tcp_init(loop, &connection->tcp);
        rc = uv_tcp_open(&connection->tcp, fd);
    }
    connection->handle.data = connection;
    return rc;
}

void connection_open(struct http_listener *listener, int fd, const struct sockaddr *peer)
{
    struct connection *connection = mem_zalloc(sizeof(*connection));
    connection->listener = listener;
    list_push(&listener->connections, &connection->link);
    list_init(&connection->dirty);
    list_init(&connection->held);
    list_init(&connection->exchanges);
    deadline_init(&connection->reading_deadline);
    deadline_init(&connection->writing_deadline);
    parser_init(&connection->parser, &listener->limits, &listener->server->pool, &listener->budget);
    keep_peer(connection, peer);

    listener->connection_count++;
    metric_add(listener->connections_accepted, 1);
    metric_set(listener->connections_open, listener->connection_count);
    engine_connection_opened(listener->server);
    if (open_handle(connection, fd, peer->sa_family) != 0) {
        close(fd);
        connection_close(connection);
        return;
    }
    connection_settle(connection);
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct http_server *server = server_of(connection);
    assert(connection->unsent == NULL); /* libuv ends its writes before it closes */
    engine_connection_closed(server);
    connection->handle_closed = true;
    if (list_empty(&connection->exchanges))
        mem_free(connection);
    else
        server->orphans++;
}

void connection_forget(struct connection *connection, struct exchange *exchange)
{
    struct http_server *server = server_of(connection);
    list_remove(&exchange->link);
    exchange_give_back(&server->pool, exchange);
    if (!connection->handle_closed || !list_empty(&connection->exchanges))
        return;
    mem_free(connection);
    server->orphans--;
    engine_wake(server); /* it may be the last that http_server_close waits for */
}

/* Answers that will not be sent any more. */
static void drop_answered(struct connection *connection)
{
    list_each(link, &connection->exchanges) {
        struct exchange *exchange = list_entry(link, struct exchange, link);
        if (exchange->reply.data == NULL)
            continue;
        list_remove(&exchange->link);
        exchange_give_back(&server_of(connection)->pool, exchange);
    }
}

void connection_close(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    if (connection->state == CONNECTION_CLOSED)
        return;
    move(connection, CONNECTION_CLOSED);
    connection->gone = true;
    stop_waiting(connection);
    list_remove(&connection->link);
    list_remove(&connection->dirty);
    deadline_disarm(&connection->reading_deadline);
    deadline_disarm(&connection->writing_deadline);
    drop_input(connection);
    drop_answered(connection);
    parser_close(&connection->parser);

    listener->connection_count--;
    metric_set(listener->connections_open, listener->connection_count);
    uv_close(&connection->handle, on_closed);
    listener_connection_left(listener);
}
