/* http_peer: a small HTTP server on the test's own loop, which answers as it was told: with any bytes, or not at all. Beside
 * it, how the test waits. */
#pragma once

#include "base/buffer.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

#define TAKEN "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken"

struct peer {
    uv_tcp_t listener;
    int port;
    const char *answer; /* NULL: none */
    bool resets;        /* in place of an answer, while the request is on its way */
    bool closes;        /* after its answer */
    bool endless;       /* the answer over and over */
    unsigned accepted, requests;
    struct buffer request; /* the last one */
    struct list connections;
};

struct peer_connection {
    struct list link;
    struct peer *peer;
    uv_tcp_t tcp;
    struct buffer input;
};

static inline void on_peer_connection_closed(uv_handle_t *handle)
{
    struct peer_connection *connection = handle->data;
    list_remove(&connection->link);
    buffer_free(&connection->input);
    mem_free(connection);
}

static inline void peer_hang_up(struct peer_connection *connection)
{
    if (!uv_is_closing((uv_handle_t *)&connection->tcp))
        uv_close((uv_handle_t *)&connection->tcp, on_peer_connection_closed);
}

static inline void peer_answer(struct peer_connection *connection);

static inline void on_peer_written(uv_write_t *write, int status)
{
    struct peer_connection *connection = write->data;
    mem_free(write);
    if (status != 0 || connection->peer->closes)
        peer_hang_up(connection);
    else if (connection->peer->endless)
        peer_answer(connection);
}

static inline void peer_answer(struct peer_connection *connection)
{
    uv_write_t *write = mem_zalloc(sizeof(*write));
    uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)connection->peer->answer, (unsigned)strlen(connection->peer->answer));
    write->data = connection;
    uv_write(write, (uv_stream_t *)&connection->tcp, &bytes, 1, on_peer_written);
}

/* Whether the input holds a request with all of its body. */
static inline bool peer_has_request(struct buffer *input)
{
    buffer_char(input, '\0');
    input->size--;
    const char *end = strstr(input->data, "\r\n\r\n"), *length = strstr(input->data, "Content-Length: ");
    return end != NULL && length != NULL && input->size >= (size_t)(end + 4 - input->data) + (size_t)atol(length + 16);
}

static inline void on_peer_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct peer_connection *connection = handle->data;
    *room = uv_buf_init(buffer_reserve(&connection->input, suggested), (unsigned)suggested);
}

static inline void on_peer_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
    struct peer_connection *connection = stream->data;
    struct peer *peer = connection->peer;
    (void)bytes;
    if (size < 0) {
        peer_hang_up(connection);
        return;
    }
    if (peer->resets) {
        uv_tcp_close_reset(&connection->tcp, on_peer_connection_closed);
        return;
    }
    buffer_grow(&connection->input, (size_t)size);
    if (!peer_has_request(&connection->input))
        return;
    peer->requests++;
    buffer_clear(&peer->request);
    buffer_text(&peer->request, buffer_as_text(&connection->input));
    buffer_char(&peer->request, '\0');
    buffer_clear(&connection->input);
    if (peer->answer != NULL)
        peer_answer(connection);
}

static inline void on_peer_accept(uv_stream_t *listener, int status)
{
    struct peer *peer = listener->data;
    struct peer_connection *connection = mem_zalloc(sizeof(*connection));
    assert_int_equal(status, 0);
    connection->peer = peer;
    connection->tcp.data = connection;
    list_push(&peer->connections, &connection->link);
    uv_tcp_init(listener->loop, &connection->tcp);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&connection->tcp), 0);
    uv_read_start((uv_stream_t *)&connection->tcp, on_peer_room, on_peer_read);
    peer->accepted++;
}

/* Has a port of its own, where nobody listens yet. */
static inline void peer_bind(struct peer *peer, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof(address);
    *peer = (struct peer){ .answer = TAKEN };
    peer->listener.data = peer;
    list_init(&peer->connections);
    uv_tcp_init(loop, &peer->listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&peer->listener, (struct sockaddr *)&address, 0), 0);
    uv_tcp_getsockname(&peer->listener, (struct sockaddr *)&address, &size);
    peer->port = ntohs(address.sin_port);
}

static inline void peer_listen(struct peer *peer)
{
    assert_int_equal(uv_listen((uv_stream_t *)&peer->listener, 128, on_peer_accept), 0);
}

static inline void peer_open(struct peer *peer, uv_loop_t *loop)
{
    peer_bind(peer, loop);
    peer_listen(peer);
}

static inline void peer_hang_up_all(struct peer *peer)
{
    list_each(link, &peer->connections)
        peer_hang_up(list_entry(link, struct peer_connection, link));
}

static inline void peer_answer_all(struct peer *peer)
{
    list_each(link, &peer->connections)
        peer_answer(list_entry(link, struct peer_connection, link));
}

static inline void peer_close(struct peer *peer)
{
    uv_close((uv_handle_t *)&peer->listener, NULL);
    peer_hang_up_all(peer);
    buffer_free(&peer->request);
}

/* --- the loop that both are on --- */

static inline void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

/* `beat` makes waiting look at its condition each 2 ms. */
static inline void loop_open(uv_loop_t *loop, uv_timer_t *beat)
{
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(loop);
    uv_timer_init(loop, beat);
    uv_timer_start(beat, on_beat, 2, 2);
}

/* Demands that nothing is left on it. */
static inline void loop_close_empty(uv_loop_t *loop, uv_timer_t *beat)
{
    uv_close((uv_handle_t *)beat, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* Runs the loop until `condition` holds, or until the patience is at its end; says whether it held. */
#define run_until(loop, patience_ms, condition)                            \
    __extension__({                                                        \
        uint64_t patience_us_ = clock_us() + (uint64_t)(patience_ms)*1000; \
        while (!(condition) && clock_us() < patience_us_)                  \
            uv_run((loop), UV_RUN_ONCE);                                   \
        (condition);                                                       \
    })
