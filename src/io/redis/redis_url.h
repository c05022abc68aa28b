/* redis_url: where a Redis is, and who we are there, read from one text.
 *
 *   redis://[[user]:password@]host[:port][/database]     TCP; port 6379 and database 0 when absent
 *   rediss://...                                         the same in TLS
 *   unix://[[user]:password@]/path[?db=database]         a Unix socket
 *   host[:port]                                          as redis://
 *
 * IPv6 addresses stand in brackets; user and password may be percent-encoded (RFC 3986 section 2.1).
 * A name and a password are text without NUL. Any thread. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_url {
    char *host; /* without brackets; NULL for a Unix socket */
    uint16_t port;
    char *path; /* of a Unix socket, else NULL */
    bool tls;
    char *username; /* NULL: none */
    char *password; /* NULL: none */
    int database;
};

/* Returns 0, with texts that redis_url_free gives back, or E_INVALID with a sentence; it never shows the password. */
int redis_url_parse(struct redis_url *url, const char *text, struct error *err);
void redis_url_free(struct redis_url *url);

/* "redis://host:6379/0" for logs: no user, no password. `out` takes REDIS_URL_TEXT_SIZE bytes; longer ones are cut. */
#define REDIS_URL_TEXT_SIZE 160
void redis_url_text(const struct redis_url *url, char out[REDIS_URL_TEXT_SIZE]);
