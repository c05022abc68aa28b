/* listener: one address. It accepts by itself rather than by uv_listen, because libuv hides the lack of descriptors: it
 * accepts and closes what is waiting, and says nothing (uv__emfile_trick).
 *
 *   accepting --no descriptor left--> resting --100 ms, or a connection closed--> accepting
 *   accepting --as many connections as allowed--> the longest idle one is closed for the new one;
 *             --none is idle--> full --a connection closed--> accepting */
#pragma once

#include "base/address.h"
#include "io/http/deadline.h"
#include "io/http/engine.h"
#include "io/http/fault.h"

struct http_listener {
    struct list link; /* in its server's */
    struct http_server *server;
    char *name;
    struct http_limits limits;
    struct http_access_log access_log;
    http_handler handler;
    void *arg;

    struct address address;
    char address_text[ADDRESS_TEXT_SIZE];
    int fd; /* -1 once it does not listen any more */
    uv_poll_t poll;
    uv_timer_t rest;
    bool accepting;

    struct list connections;
    unsigned connection_count;
    bool holding;     /* bodies */
    struct list held; /* connections that wait before a body */
    struct block_budget budget;
    uint64_t requests; /* delivered to the handler and not answered */

    struct deadline_queue header, body, idle, write, linger;

    struct http_route no_route; /* for answers that no handler counted */
    struct series *connections_open;
    struct series *connections_accepted;
    struct series *accept_failures;
    struct series *client_gone;
    struct series *duration;
    struct series *faults[FAULT_COUNT];
};

/* Stops listening, and starts closing its handles: a Unix socket's file is removed. Connections go on. Again: nothing. */
void listener_stop(struct http_listener *listener);

/* A connection left: there may be room again. */
void listener_connection_left(struct http_listener *listener);

/* Once its handles are closed. */
void listener_free(struct http_listener *listener);

/* What has fallen due. */
void listener_tick(struct http_listener *listener, uint64_t now_ms);

/* Lets some connections go on that waited before a body, if they may. Returns true if more are waiting. */
bool listener_release(struct http_listener *listener);

void listener_count_fault(struct http_listener *listener, enum fault fault);
