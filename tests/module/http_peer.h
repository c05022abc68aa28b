/* http_peer: a small HTTP server on the test's own loop, which answers as it was told: with any bytes, or not at all. Beside it the
 * client that is tested, and how the test waits. */
#pragma once

#include "base/buffer.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "io/curl/http_client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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

static inline void peer_open(struct peer *peer, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof(address);
    *peer = (struct peer){ .answer = TAKEN };
    peer->listener.data = peer;
    list_init(&peer->connections);
    uv_tcp_init(loop, &peer->listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&peer->listener, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&peer->listener, 128, on_peer_accept), 0);
    uv_tcp_getsockname(&peer->listener, (struct sockaddr *)&address, &size);
    peer->port = ntohs(address.sin_port);
}

static inline void peer_hang_up_all(struct peer *peer)
{
    list_each(link, &peer->connections)
        peer_hang_up(list_entry(link, struct peer_connection, link));
}

static inline void peer_close(struct peer *peer)
{
    uv_close((uv_handle_t *)&peer->listener, NULL);
    peer_hang_up_all(peer);
    buffer_free(&peer->request);
}

/* --- the client and its loop --- */

struct fixture {
    uv_loop_t loop;
    uv_timer_t beat; /* so that waiting looks at its condition each 2 ms */
    struct peer peer;
    struct http_client *client;
    struct http_endpoint *endpoint;
    bool closed;
};

static inline void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

/* Runs the loop until `condition` holds, or until the patience is at its end; says whether it held. */
#define run_until(loop, patience_ms, condition)                            \
    __extension__({                                                        \
        uint64_t patience_us_ = clock_us() + (uint64_t)(patience_ms)*1000; \
        while (!(condition) && clock_us() < patience_us_)                  \
            uv_run((loop), UV_RUN_ONCE);                                   \
        (condition);                                                       \
    })

static inline struct http_endpoint *endpoint_at(const char *host, int port, uint64_t timeout_ms)
{
    static const char *const headers[] = { "Content-Type: application/x-protobuf", "Api-Key: secret" };
    char url[128];
    struct error err;
    snprintf(url, sizeof(url), "http://%s:%d/v1/traces", host, port);
    struct http_endpoint *endpoint = http_endpoint_new(
        &(struct http_endpoint_options){ .url = url, .headers = headers, .header_count = 2, .timeout_us = timeout_ms * 1000 }, &err);
    if (endpoint == NULL)
        fail_msg("%s", err.message);
    return endpoint;
}

static inline void given_peer(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->beat);
    uv_timer_start(&f->beat, on_beat, 2, 2);
    peer_open(&f->peer, &f->loop);
    f->client = http_client_new(&f->loop);
    f->endpoint = endpoint_at("127.0.0.1", f->peer.port, 10000);
}

static inline void given_timeout(struct fixture *f, uint64_t timeout_ms)
{
    http_endpoint_free(f->endpoint);
    f->endpoint = endpoint_at("127.0.0.1", f->peer.port, timeout_ms);
}

static inline void on_client_closed(void *arg)
{
    *(bool *)arg = true;
}

/* Ends all, and demands that nothing is left on the loop. */
static inline void close_all(struct fixture *f)
{
    if (f->client != NULL)
        http_client_close(f->client, on_client_closed, &f->closed);
    assert_true(run_until(&f->loop, 5000, f->closed));
    http_endpoint_free(f->endpoint);
    peer_close(&f->peer);
    uv_close((uv_handle_t *)&f->beat, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* What came of one call. */
struct outcome {
    unsigned calls;
    int code;
    unsigned status;
    uint64_t retry_after_us;
    char reason[256];
    char body[64];
};

static inline void on_outcome(void *arg, const struct http_answer *answer)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->code = answer->code;
    outcome->status = answer->status;
    outcome->retry_after_us = answer->retry_after_us;
    snprintf(outcome->reason, sizeof(outcome->reason), "%s", answer->reason == NULL ? "" : answer->reason);
    snprintf(outcome->body, sizeof(outcome->body), "%.*s", TEXT_ARG(answer->body));
}

static inline struct outcome answer_to(struct fixture *f, const char *body)
{
    struct outcome outcome = { 0 };
    http_client_post(f->client, f->endpoint, text_of(body), on_outcome, &outcome);
    assert_int_equal(outcome.calls, 0); /* never inside the call */
    assert_true(run_until(&f->loop, 15000, outcome.calls > 0));
    return outcome;
}
