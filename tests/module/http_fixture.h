/* http_fixture: a server on a loop, and clients on real sockets in the same thread: whatever a test waits for, the loop
 * turns meanwhile. Each test ends with everything closed, no memory held for requests, and an empty loop.
 *
 * The handler answers by path: /now at once, /big with `big_size` bytes at once, /later when the test says so (answer_later).
 * Its answer's body tells what it saw: "POST /now?a=1 5:hello". */
#pragma once

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "io/http/connection.h"
#include "io/http/server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define LATER_MAX   4096

struct http_fixture {
    uv_loop_t loop;
    struct metrics *metrics;
    struct stats stats;
    struct http_server *server;
    struct http_listener *listener;
    struct http_config config;
    struct http_route route;
    struct http_request *later[LATER_MAX];
    unsigned handled, later_count;
    size_t big_size;
    bool hold_after_first;
    bool closed, drained;
    unsigned cut;
};

struct client {
    int fd;
    struct buffer in;
    bool ended; /* the server closed its side */
    bool reset;
};

static const struct http_config default_config = {
    .address = "127.0.0.1:0",
    .backlog = 128,
    .limits = { .connections = 100,
                .pipeline = 64,
                .header_count = 20,
                .url_bytes = 256,
                .header_bytes = 2048,
                .body_bytes = 100000,
                .unsent_bytes = 256 * 1024,
                .memory_bytes = 64 * 1024 * 1024 },
    .timeouts = { .header_us = 5000000, .body_us = 5000000, .idle_us = 60000000, .write_us = 5000000 },
};

/* ---- the handler ---- */

static inline struct text describe(struct http_request *request)
{
    char *text = http_request_alloc(request, 512);
    int size =
        snprintf(text, 512, "%s %.*s%s%.*s %zu:%.*s", http_method_name(request->method), TEXT_ARG(request->path),
                 request->query.data == NULL ? "" : "?", (int)request->query.size, request->query.data == NULL ? "" : request->query.data,
                 request->body.size, request->body.size > 64 ? 64 : (int)request->body.size, request->body.data);
    return (struct text){ text, (size_t)size };
}

static inline void answer(struct http_request *request)
{
    http_reply(request, &(struct http_reply){ .status = 200, .content_type = "text/plain", .body = describe(request) });
}

static inline void handle(void *arg, struct http_request *request)
{
    struct http_fixture *fixture = arg;
    request->route = &fixture->route;
    fixture->handled++;
    if (fixture->hold_after_first)
        http_listener_hold_bodies(fixture->listener, true);
    if (text_is(request->path, "/later")) {
        assert_true(fixture->later_count < LATER_MAX);
        assert_true(http_request_keep(request));
        fixture->later[fixture->later_count++] = request;
    } else if (text_is(request->path, "/big")) {
        char *big = mem_alloc(fixture->big_size);
        memset(big, 'x', fixture->big_size);
        http_reply(request, &(struct http_reply){ .status = 200, .body = { big, fixture->big_size } });
        mem_free(big);
    } else {
        answer(request);
    }
}

static inline void answer_later(struct http_fixture *fixture, unsigned index)
{
    answer(fixture->later[index]);
    fixture->later[index] = NULL;
}

/* ---- a server ---- */

static inline struct http_fixture *given_loop(void)
{
    struct http_fixture *fixture = mem_zalloc(sizeof(*fixture));
    fixture->config = default_config;
    fixture->route.name = "/test";
    fixture->metrics = metrics_new();
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    stats_init(&fixture->stats);
    fixture->server = http_server_new(&fixture->loop, fixture->metrics, &fixture->stats);
    return fixture;
}

static inline struct http_fixture *given_server(const struct http_config *config)
{
    struct http_fixture *fixture = given_loop();
    fixture->config = *config;
    struct error err;
    if (http_server_listen(fixture->server, "main", config, handle, fixture, &fixture->listener, &err) != 0)
        fail_msg("%s", err.message);
    return fixture;
}

static inline void turn(struct http_fixture *fixture)
{
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

/* The loop turns until the condition holds; fails the test when patience ends. */
#define wait_until(fixture, condition)                               \
    do {                                                             \
        uint64_t patience_ends = clock_us() + PATIENCE_MS * 1000ULL; \
        while (!(condition)) {                                       \
            if (clock_us() > patience_ends)                          \
                fail_msg("waited in vain for: %s", #condition);      \
            turn(fixture);                                           \
            usleep(200);                                             \
        }                                                            \
    } while (0)

static inline void turn_for(struct http_fixture *fixture, unsigned ms)
{
    for (uint64_t end = clock_us() + ms * 1000ULL; clock_us() < end;) {
        turn(fixture);
        usleep(500);
    }
}

static inline void on_server_closed(void *arg)
{
    ((struct http_fixture *)arg)->closed = true;
}

static inline void on_drained(void *arg, unsigned cut)
{
    struct http_fixture *fixture = arg;
    fixture->drained = true;
    fixture->cut = cut;
}

/* The loop must be empty by then, and every request's memory given back. */
static inline void end(struct http_fixture *fixture)
{
    http_server_close(fixture->server, on_server_closed, fixture);
    wait_until(fixture, fixture->closed);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    metrics_free(fixture->metrics);
    mem_free(fixture);
}

/* ---- clients ---- */

static inline int connect_to(const char *address)
{
    struct address parsed;
    struct error err;
    if (address_parse(&parsed, text_of(address), &err) != 0)
        fail_msg("%s", err.message);
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    memcpy(name.sun_path, parsed.path, sizeof(name.sun_path));
    bool local = parsed.kind == ADDRESS_UNIX;
    int fd = socket(local ? AF_UNIX : parsed.ip.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    socklen_t size = parsed.ip.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int rc = local ? connect(fd, (struct sockaddr *)&name, sizeof(name)) : connect(fd, (struct sockaddr *)&parsed.ip, size);
    assert_true(rc == 0 || errno == EINPROGRESS);
    return fd;
}

static inline struct client given_client(struct http_fixture *fixture)
{
    return (struct client){ .fd = connect_to(http_listener_address(fixture->listener)) };
}

static inline void leave(struct client *client)
{
    close(client->fd);
    buffer_free(&client->in);
}

/* Takes what has come. */
static inline void look(struct client *client)
{
    for (;;) {
        ssize_t size = recv(client->fd, buffer_reserve(&client->in, 65536), 65536, 0);
        if (size > 0)
            buffer_grow(&client->in, (size_t)size);
        else if (size == 0 || (errno != EAGAIN && errno != ENOTCONN)) {
            client->ended = true;
            client->reset = client->reset || size < 0;
            return;
        } else
            return;
    }
}

/* Sends all of it, as far as the server takes it. Returns what was sent. */
static inline size_t say_text(struct http_fixture *fixture, struct client *client, struct text text)
{
    size_t sent = 0;
    uint64_t stuck_at = clock_us() + 300000;
    while (sent < text.size && clock_us() < stuck_at) {
        ssize_t size = send(client->fd, text.data + sent, text.size - sent, MSG_NOSIGNAL);
        if (size > 0) {
            sent += (size_t)size;
            stuck_at = clock_us() + 300000;
        } else if (errno != EAGAIN && errno != ENOTCONN)
            return sent;
        turn(fixture);
    }
    return sent;
}

static inline void say(struct http_fixture *fixture, struct client *client, const char *text)
{
    assert_int_equal(say_text(fixture, client, text_of(text)), strlen(text));
}

#define HEAD_MAX 4096

/* Looks into a head only: a sanitizer reads on to the end of whatever it is given, and many megabytes may have come. */
static inline const char *find_in_head(const char *start, const char *end, const char *text)
{
    size_t size = (size_t)(end - start) < HEAD_MAX ? (size_t)(end - start) : HEAD_MAX;
    return memmem(start, size, text, strlen(text));
}

/* How many whole answers have come, and their codes ("200 200 400"); bodies are taken by Content-Length. */
static inline unsigned answers(struct client *client, char *codes, size_t size)
{
    unsigned count = 0;
    size_t at = 0;
    if (codes != NULL)
        codes[0] = 0;
    look(client);
    while (at < client->in.size) {
        const char *start = client->in.data + at;
        const char *head_end = find_in_head(start, client->in.data + client->in.size, "\r\n\r\n");
        if (head_end == NULL)
            break;
        const char *length = find_in_head(start, head_end, "Content-Length: ");
        size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        size_t whole = (size_t)(head_end + 4 - start) + body;
        if (at + whole > client->in.size)
            break;
        if (codes != NULL)
            snprintf(codes + strlen(codes), size - strlen(codes), "%s%.3s", count > 0 ? " " : "", start + 9);
        at += whole;
        count++;
    }
    return count;
}

static inline bool has(struct client *client, const char *text)
{
    look(client);
    return client->in.size > 0 && memmem(client->in.data, client->in.size, text, strlen(text)) != NULL;
}

static inline bool ended(struct client *client)
{
    look(client);
    return client->ended;
}

#define wait_for(fixture, client, text) wait_until(fixture, has(client, text))

static inline void forget_input(struct client *client)
{
    buffer_clear(&client->in);
}

/* Somebody else's connection is served. */
static inline void assert_others_are_served(struct http_fixture *fixture)
{
    struct client other = given_client(fixture);
    say(fixture, &other, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for(fixture, &other, "GET /now 0:");
    leave(&other);
}

static inline double fault_count(struct http_fixture *fixture, const char *reason)
{
    return metric_value(metric(fixture->metrics, METRIC_HTTP_ERRORS, "main", reason));
}
