/* server: HTTP/1.1 and 1.0 on one libuv loop, for handlers that answer now or later.
 *
 *   server      what all listeners of a loop share: the read and write scratch, the pool of requests, the flush of a turn
 *   listener    one address with its limits, timeouts and handler; as many as are wanted
 *   connection  one client: bytes in, requests out; replies in, bytes out, in the order of its requests
 *   exchange    a request and its reply, from the request's first byte until the reply is handed to the kernel
 *   fault       a request that is not answered by the handler but refused here (400, 408, 413, 414, 417, 431, 501, 503, 505),
 *               with a JSON sentence; its connection is closed
 *   linger      a connection after its last byte went out: its sending side is shut down and its input thrown away for a
 *               while, so that the client can read the answer before the kernel resets the connection
 *
 * A request reaches the handler when it is whole and valid: nothing lenient is accepted (RFC 9112 read strictly), so no
 * proxy before us can see other request borders than we do. Memory is bounded for each connection (a slow reader is no
 * longer read from) and for each listener. All of it runs on the loop thread; no call blocks or calls back from inside. */
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/stats.h"
#include "io/http/http_config.h"
#include "io/http/request.h"

#include <stdbool.h>
#include <uv.h>

struct http_server;
struct http_listener;

/* A whole request. The handler owns it and must call http_reply on it exactly once: here, or later on the loop thread. */
typedef void (*http_handler)(void *arg, struct http_request *request);

/* The server borrows loop, metrics and stats until it is closed; it registers the section "http". SIGPIPE is ignored from
 * then on, in the whole process: libuv's writes raise it where a client has gone. */
struct http_server *http_server_new(uv_loop_t *loop, struct metrics *metrics, struct stats *stats);

/* Listens on config->address from now on. `name` is the listener's label in metrics and logs; it is copied, as is the
 * configuration. A Unix socket's stale file is removed first, if nobody listens on it.
 * Returns 0, with `*listener` (may be NULL) set and owned by the server, or a code with a sentence (address in use, ...). */
int http_server_listen(struct http_server *server, const char *name, const struct http_config *config, http_handler handler, void *arg,
                       struct http_listener **listener, struct error *err);

/* The address as base/address.h writes it, with the real port where 0 was asked for. */
const char *http_listener_address(const struct http_listener *listener);

/* While held, a connection whose next request has a body is not read past that request's head (and gets no 100 Continue);
 * others go on. Released, the connections go on by themselves, a few a turn. */
void http_listener_hold_bodies(struct http_listener *listener, bool hold);

/* From the next answer on. */
void http_listener_set_access_log(struct http_listener *listener, const struct http_access_log *config);

/* Closes the listening sockets; connections go on. May be called again. */
void http_server_stop_accepting(struct http_server *server);

/* `cut`: connections that were closed at the deadline with requests unanswered. */
typedef void (*http_drained)(void *arg, unsigned cut);

/* Lets every connection end: those without a request are closed after one more look at their input, the others get
 * `Connection: close` with their last answer. Every request that was read is answered, until `deadline_ms` from now.
 * Implies http_server_stop_accepting. `drained` fires once, later, when no connection is left. */
void http_server_drain(struct http_server *server, uint64_t deadline_ms, http_drained drained, void *arg);

/* Closes everything at once and frees the server. `closed` fires once, later, when the last handle is closed and the last
 * request that a handler still holds was replied to. A drain under way ends first (its `drained` fires). */
void http_server_close(struct http_server *server, void (*closed)(void *arg), void *arg);

/* Raises the process' soft limit of open files to its hard one, and logs what it got. Returns the limit in force. */
uint64_t http_raise_file_limit(void);
