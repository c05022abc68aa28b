/* redis_tls: OpenSSL as redis uses it: one context for all connections, a session for each. TLS 1.2 and later. */
#pragma once

#include "base/error.h"
#include "io/redis/redis_config.h"

struct ssl_ctx_st;
struct ssl_st;

/* Reads the files. NULL with a sentence that names the file. Given back with redis_tls_close. */
struct ssl_ctx_st *redis_tls_open(const struct redis_tls_config *config, struct error *err);
void redis_tls_close(struct ssl_ctx_st *context); /* NULL is allowed */

/* A session that will accept only a certificate for `host` (a name or an IP address), if the context verifies at all. */
struct ssl_st *redis_tls_session(struct ssl_ctx_st *context, const char *host);

/* Why the certificate was refused, or NULL if it was not. */
const char *redis_tls_refusal(const struct ssl_st *session);
