/* request: what a handler is given, and how it answers.
 *
 *   request   one whole message of a client: head and body. The handler owns it until it replies, now or later
 *   texts     its parts; they are there while the handler runs, and longer only for one that asks for it: http_request_keep
 *   reply     the one answer to it; every request gets exactly one, also when its client has left
 *   route     what the answer is counted under; set by the handler
 *
 * Everything here is called on the loop thread of the request's server. */
#pragma once

#include "base/metrics.h"
#include "base/text.h"
#include "base/trace.h"
#include "core/http_method.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Answers are counted by status; codes that are not in status.c's list share one counter, "other". */
#define HTTP_COUNTED_STATUSES 32

/* One for each route of each listener, zeroed but for its name; must live as long as the server. */
struct http_route {
    const char *name;                              /* the metric's label: "/submit" */
    struct series *answers[HTTP_COUNTED_STATUSES]; /* made by the first answer with that status */
};

/* All texts but `id` are borrowed until the handler returns or replies; `id` until http_reply. */
struct http_request {
    enum http_method method;
    struct text path;         /* as sent, without authority and query; starts with '/' ("*" for OPTIONS alone) */
    struct text query;        /* what follows '?', not decoded; TEXT_NONE without a '?' */
    struct text body;         /* chunks already joined; empty, never absent */
    struct text id;           /* its X-Request-Id where that is 1..128 visible ASCII characters, else a new one */
    uint64_t arrived_us;      /* clock_us() of the loop turn that brought its first byte */
    struct http_route *route; /* the handler's to set; NULL counts as route "none" */
    /* The handler's to set, for the exemplar of its duration and for the access log; in memory of http_request_alloc. */
    const struct trace_context *trace;
    /* The handler's to set; NULL: nobody. Told of the answer's status, within http_reply, while the request is still there. */
    void (*on_reply)(struct http_request *request, int status);
    void *user; /* the handler's */
};

/* Lets the texts last until http_reply: copies what came in the last read (64 KiB at most). For a handler that answers later and
 * then still wants to look at the request; to be called before it returns. False when there is no memory for it. */
bool http_request_keep(struct http_request *request);

/* The value of the first header of this name, without regard to case, without surrounding blanks; TEXT_NONE if absent.
 * O(headers). Host is the target's authority where the target has one. */
struct text http_request_header(const struct http_request *request, const char *name);

/* The same for each header of this name, in their order: takes the next one behind `*at`, which begins at 0. False when there is none. */
bool http_request_header_next(const struct http_request *request, const char *name, unsigned *at, struct text *value);

/* The first value of the key in the query, decoded (%41, '+' as a blank; a broken % stands for itself), borrowed as the texts are.
 * TEXT_NONE if the key is absent; empty for "key" and "key=". */
struct text http_query(struct http_request *request, const char *key);

/* How often the key stands in the query. */
size_t http_query_count(struct http_request *request, const char *key);

/* The text with %XX decoded, borrowed as the texts are; TEXT_NONE if a % is broken. For segments of the path. */
struct text http_percent_decode(struct http_request *request, struct text text);

/* `size` bytes, aligned for anything, not zeroed, until http_reply. For sizes that the program decides, up to some KiB. */
void *http_request_alloc(struct http_request *request, size_t size);

/* The client's address; AF_UNIX without a name for a Unix socket. Valid until http_reply. */
const struct sockaddr *http_request_client(const struct http_request *request);

/* Whether the client has closed the connection, or its sending side of it: most likely nobody reads an answer. For a handler that takes
 * long. */
bool http_request_left(const struct http_request *request);

/* "1.1" or "1.0". */
struct text http_request_version(const struct http_request *request);

struct http_header {
    const char *name;
    struct text value; /* line breaks in it are sent as blanks */
};

struct http_reply {
    int status;               /* 200..599 */
    const char *content_type; /* NULL: application/json */
    struct text body;
    const struct http_header *headers; /* besides Content-Length, Content-Type, Date, Connection, X-Request-Id */
    size_t header_count;
};

/* Answers the request and gives it back: it and its texts are gone. `reply` and what it points to are copied, and may lie
 * in the request. In any order; the connection sends them in the order of its requests, all of a loop turn in one write.
 * Never calls back but for on_reply. If the client has left, the answer is counted and dropped. */
void http_reply(struct http_request *request, const struct http_reply *reply);

/* Answers {"error":"<sentence>"}. */
void http_reply_error(struct http_request *request, int status, struct text sentence);

/* "Not Found"; "Unknown" for a code that is not in RFC 9110, 6585 or 8470. */
const char *http_status_text(int status);
