/* connection: one client.
 *
 *   open --its last request is read, or a fault, or the end of its input, or a drain--> finishing
 *   finishing --every answer is handed to the kernel--> lingering     (closed, where the input had ended)
 *   lingering --end of input, or 2 s--> closed
 *   any --error, deadline, http_server_close--> closed
 *
 * Open, it is read until one of the three bounds is reached: requests without a written answer (pipeline), answers that
 * were not sent (unsent), or a body that is held; what was read but not parsed yet waits in `input`, one read at most.
 * Finishing and lingering, its input is thrown away. Closed, it stays until every request of it that a handler still
 * holds is replied to. Idle, it holds nothing but this struct. */
#pragma once

#include "base/buffer.h"
#include "io/http/deadline.h"
#include "io/http/listener.h"
#include "io/http/parser.h"

#include <netinet/in.h>
#include <uv.h>

enum connection_state { CONNECTION_OPEN, CONNECTION_FINISHING, CONNECTION_LINGERING, CONNECTION_CLOSED };

struct unsent; /* what one write left over, owned by libuv's write */

struct connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    union {
        struct sockaddr any;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } peer;
    struct http_listener *listener;
    struct list link;  /* in its listener's */
    struct list dirty; /* in its server's, while it has something to do at the turn's end */
    struct list held;  /* in its listener's, while it waits before a body */

    enum connection_state state;
    bool reading;     /* by libuv */
    bool waits;       /* before a body */
    bool input_ended; /* the client sends nothing more */
    bool gone;        /* the client left with requests unanswered */
    bool handle_closed;

    struct parser parser;
    struct buffer input;      /* read, not parsed */
    struct list exchanges;    /* whole requests, until their answers are handed to the kernel */
    struct list *undelivered; /* the first of them that the handler has not seen; NULL: it has seen all */
    unsigned exchange_count;
    unsigned unanswered;   /* of them */
    size_t taken_bytes;    /* by the kernel, since the writing deadline began */
    size_t unsent_bytes;   /* of answers */
    struct unsent *unsent; /* NULL while the kernel took everything */
    struct deadline reading_deadline;
    struct deadline writing_deadline;
};

/* Takes the descriptor; on failure it is closed. */
void connection_open(struct http_listener *listener, int fd, const struct sockaddr *peer);

/* Has something to do at the end of the turn. */
void connection_touch(struct connection *connection);

/* Does it: sends what is ready, and goes on with what waits. */
void connection_turn(struct connection *connection);

/* Every change of state goes through here: forwards only. Closing is connection_close. */
void connection_move(struct connection *connection, enum connection_state state);

/* Brings deadlines and reading in line with the state; may close the connection. */
void connection_settle(struct connection *connection);

/* Answers with the fault once everything before it is answered, and ends. */
void connection_refuse(struct connection *connection, enum fault fault);

/* May read the body for which it waited. */
void connection_release(struct connection *connection);

void connection_close(struct connection *connection);

/* A handler has answered a request of a connection that is closed. */
void connection_forget(struct connection *connection, struct exchange *exchange);
