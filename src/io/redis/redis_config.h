/* redis_config: what the configuration says about Redis.
 *
 *   redis: { url: "redis://user:password@host:6379/0", timeout: 250ms, tls: { ca: /etc/ssl/redis-ca.pem } }
 *   redis: local                             # no Redis; also when absent
 *
 * The forms of `url` are those of io/redis/redis_url.h. */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_tls_config {
    const char *ca;   /* PEM file of the authorities to trust; NULL: the system's */
    const char *cert; /* PEM file of our certificate, with its chain; NULL: none is shown */
    const char *key;  /* PEM file of its key */
    bool verify;      /* the server's certificate and its name */
};

struct redis_config {
    const char *url;      /* "local": no Redis */
    const char *username; /* before the one in the URL; NULL: that one */
    const char *password; /* before the one in the URL; NULL: that one */
    uint64_t timeout_us;  /* of a command; an attempt to connect has twice that */
    struct redis_tls_config tls;
};

extern const struct config_schema redis_schema;

/* True when no Redis is configured. */
bool redis_config_is_local(const struct redis_config *config);
