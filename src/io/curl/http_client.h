/* http_client: requests to servers elsewhere, by libcurl's multi interface on the loop.
 *
 *   endpoint  where requests go to, and how: URL, headers, TLS, timeout; prepared once, for many calls
 *   call      one POST to an endpoint
 *   answer    what came of it
 *
 * Nothing blocks the loop: names are looked up on threads of libcurl's own, and one that hangs is left behind with its thread.
 * Connections are kept alive and used again. Redirects are not followed, HTTP/0.9 is no answer, no "Expect: 100-continue" is sent.
 * A proxy is used as the environment says (http_proxy, HTTPS_PROXY, NO_PROXY), but never towards this machine itself.
 *
 * Loop thread only, in a process that ignores SIGPIPE. */
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct http_client;   /* opaque */
struct http_endpoint; /* opaque */
struct http_call;     /* opaque; the client owns it, until its callback has returned */

/* --- endpoints --- */

/* All is copied by http_endpoint_new. */
struct http_endpoint_options {
    const char *url;            /* http:// or https:// */
    const char *const *headers; /* "Name: value"; may hold secrets: they are never logged */
    size_t header_count;
    uint64_t timeout_us; /* of a call, from its start to the answer's last byte; milliseconds count */
    const char *ca;      /* PEM file of the authorities to trust; NULL: the system's */
    const char *cert;    /* PEM file of our certificate, with its chain; NULL: none is shown */
    const char *key;     /* PEM file of its key; NULL: none */
};

/* Returns NULL with a sentence where the URL is none that http_endpoint_check takes. */
struct http_endpoint *http_endpoint_new(const struct http_endpoint_options *options, struct error *err);

/* After the last call to it has ended. NULL is none. */
void http_endpoint_free(struct http_endpoint *endpoint);

/* 0 for an http:// or https:// URL without user and password (headers say who we are), else E_INVALID with a sentence that repeats
 * nothing of it but its scheme: it may hold a secret. */
int http_endpoint_check(const char *url, struct error *err);

/* "http://collector:4318/v1/traces": what people may see of it, which is all but a query. */
const char *http_endpoint_place(const struct http_endpoint *endpoint);

/* --- calls --- */

struct http_answer {
    int code;                /* 0: the server answered, whatever its status. E_UNAVAILABLE: no whole answer came in time; the server may
                                have got the request. E_CANCELED: http_call_cancel, http_client_close */
    const char *reason;      /* of another code than 0: a sentence; borrowed */
    unsigned status;         /* of HTTP; 0 where not even that came */
    uint64_t retry_after_us; /* from now on, a day at most; 0: the server did not say, or says that it is over */
    struct text body;        /* borrowed; of a longer one the first HTTP_ANSWER_MAX bytes: the rest is not read */
};

#define HTTP_ANSWER_MAX (64 * 1024)

typedef void (*http_call_cb)(void *arg, const struct http_answer *answer);

struct http_client *http_client_new(uv_loop_t *loop);

/* Sends `body`, which is borrowed until `done`. `done` fires exactly once, later; calls and the client may be ended in it, and new calls
 * begun. */
struct http_call *http_client_post(struct http_client *client, struct http_endpoint *endpoint, struct text body, http_call_cb done,
                                   void *arg);

/* Ends the call as E_CANCELED, within this call. */
void http_call_cancel(struct http_call *call);

/* Ends all calls as E_CANCELED; `closed` fires later, once, when the last handle is gone and the memory given back. No call is begun
 * after it. */
void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg);
