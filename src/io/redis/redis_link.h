/* redis_link: one hiredis context on the loop, from connect to its end. Each attempt makes a new one.
 *
 *   link_open --> on_connected (the socket stands; TLS goes on by itself) --> ... --> on_gone
 *        '------------------------------------------------------------------------------^
 *
 * on_gone comes once, after all pending commands of the context got their NULL reply, whoever ended it; the context and the
 * link must not be touched any more. The memory goes when libuv has let go of the poll handle. */
#pragma once

#include "base/error.h"
#include "base/loop.h"

#include <hiredis/async.h>
#include <stdbool.h>
#include <uv.h>

struct ssl_ctx_st;
struct ssl_st;

struct redis_link {
    redisAsyncContext *context; /* NULL when gone */
    uv_poll_t poll;
    int watched;            /* UV_READABLE, UV_WRITABLE */
    bool writing;           /* inside a write: what is left over needs UV_WRITABLE */
    bool unsent;            /* commands wait for redis_link_flush */
    struct ssl_st *session; /* TLS, else NULL; hiredis owns it from on_connected on */
    struct gate *gate;
    void (*on_connected)(void *arg);
    void (*on_gone)(void *arg, struct redis_link *link, const char *reason);
    void *arg;
};

struct redis_link_options {
    uv_loop_t *loop;
    struct gate *gate;   /* entered until libuv has let go */
    const char *path;    /* a Unix socket; else: */
    const char *address; /* a number, so that nothing is looked up */
    int port;
    struct ssl_ctx_st *tls;  /* NULL: none */
    const char *server_name; /* whose certificate it must be */
    void (*on_connected)(void *arg);
    void (*on_gone)(void *arg, struct redis_link *link, const char *reason);
    void *arg;
};

/* Begins to connect. NULL with a sentence when that fails at once; then no callback fires. */
struct redis_link *redis_link_open(const struct redis_link_options *options, struct error *err);

/* Sends what was written since the last call. */
void redis_link_flush(struct redis_link *link);

/* Takes in what lies in the socket; may end the link. */
void redis_link_read(struct redis_link *link);

/* Ends the link: at once, or after the hiredis callback that runs. */
void redis_link_drop(struct redis_link *link);
