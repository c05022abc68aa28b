/* engine: what struct http_server is made of; server.h is its face.
 *
 *   turn    one round of the loop. Callbacks answer requests and thereby make connections dirty; at the end of the turn,
 *           before the loop waits again, each dirty connection writes once, and goes on with input that had to wait
 *   awake   while something is dirty the loop must not wait
 *   tick    every 100 ms, while there are connections: what has fallen due */
#pragma once

#include "base/buffer.h"
#include "base/random.h"
#include "io/http/exchange.h"
#include "io/http/server.h"

#define ENGINE_READ_SIZE (64 * 1024)
#define ENGINE_DATE_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */

enum drain_state { DRAIN_NOT, DRAIN_ASKED, DRAIN_LOOKING, DRAIN_SEALED, DRAIN_DONE };

struct http_server {
    uv_loop_t *loop;
    struct metrics *metrics;
    struct stats_section section;
    struct list listeners;
    unsigned connections; /* whose handle is open */
    unsigned orphans;     /* connections that are closed, with requests that a handler still holds */

    uv_prepare_t turn_end;
    uv_idle_t awake;
    uv_timer_t tick;
    struct list dirty; /* connections with something to do at the turn's end */

    uint64_t turn_us; /* the turn's time; 0 until somebody asks */
    uint64_t date_us; /* when `date` was made */
    char date[ENGINE_DATE_SIZE];

    struct block_pool messages;
    struct block_pool exchanges;
    struct random random;
    struct buffer write_scratch; /* answers of one connection, while they are written */
    struct buffer sentence;      /* a body, while it is copied into its reply */
    char read[ENGINE_READ_SIZE]; /* one read of one connection, while it is parsed */
    struct text parsed;          /* the bytes that are parsed now: these, or what a connection had to leave for later */
    struct message *shown;       /* what a handler looks at now; NULL else */

    enum drain_state drain;
    uint64_t drain_deadline_ms;
    unsigned drain_cut;
    http_drained drained;
    void *drained_arg;

    bool closing;
    unsigned open_handles; /* the server's and its listeners', connections not counted */
    void (*closed)(void *arg);
    void *closed_arg;
};

/* clock_us() of this turn. */
uint64_t engine_now_us(struct http_server *server);

/* For the Date header; the second it shows is at most one old. */
const char *engine_date(struct http_server *server);

/* The loop does not wait before the next end of turn. */
void engine_wake(struct http_server *server);

/* A connection's handle was opened; was closed. */
void engine_connection_opened(struct http_server *server);
void engine_connection_closed(struct http_server *server);

/* `visit` may close the connection. */
struct connection;
void engine_each_connection(struct http_server *server, void (*visit)(struct connection *connection));

/* The close callback of every handle but the connections'; its `data` is the server. */
void engine_handle_closed(uv_handle_t *handle);
