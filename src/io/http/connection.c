#include "io/http/connection.h"

#include "base/memory.h"
#include "io/http/deliver.h"
#include "io/http/input.h"
#include "io/http/output.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct http_server *server_of(const struct connection *connection)
{
    return connection->listener->server;
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
    input_resume(connection);
    connection_settle(connection);
}

static void stop_waiting(struct connection *connection)
{
    connection->waits = false;
    list_remove(&connection->held);
}

void connection_release(struct connection *connection)
{
    stop_waiting(connection);
    connection_touch(connection);
}

/* ---- states ---- */

void connection_move(struct connection *connection, enum connection_state state)
{
    assert(state > connection->state);
    connection->state = state;
}

static void linger(struct connection *connection)
{
    uv_os_fd_t fd;
    if (connection->input_ended || uv_fileno(&connection->handle, &fd) != 0) {
        connection_close(connection);
        return;
    }
    connection_move(connection, CONNECTION_LINGERING);
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
        connection_move(connection, CONNECTION_FINISHING);
    }
    if (connection->state != CONNECTION_OPEN && connection->input.size > 0)
        input_drop(connection);
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
    else if (connection->state != CONNECTION_OPEN || !input_may_parse(connection))
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
    bool wanted = connection->state == CONNECTION_OPEN ? input_may_parse(connection) && connection->input.size == 0 : true;
    wanted = wanted && !connection->input_ended;
    if (wanted == connection->reading)
        return;
    connection->reading = wanted;
    if (!wanted) {
        uv_read_stop(&connection->stream);
        return;
    }
    if (uv_read_start(&connection->stream, input_room, input_read) != 0)
        connection_close(connection);
}

void connection_settle(struct connection *connection)
{
    if (connection->state != CONNECTION_CLOSED)
        advance(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (!output_is_behind(connection))
        deadline_disarm(&connection->writing_deadline);
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
    parser_init(&connection->parser, &listener->limits, &listener->server->messages, &listener->budget);
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
    exchange_give_back(&server->exchanges, exchange);
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
        exchange_give_back(&server_of(connection)->exchanges, exchange);
    }
}

void connection_close(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection_move(connection, CONNECTION_CLOSED);
    connection->gone = true;
    stop_waiting(connection);
    list_remove(&connection->link);
    list_remove(&connection->dirty);
    deadline_disarm(&connection->reading_deadline);
    deadline_disarm(&connection->writing_deadline);
    input_drop(connection);
    deliver_none(connection);
    drop_answered(connection);
    parser_close(&connection->parser);

    listener->connection_count--;
    metric_set(listener->connections_open, listener->connection_count);
    uv_close(&connection->handle, on_closed);
    listener_connection_left(listener);
}
