/* limiter_config: the `limit:` part of a stream's ingest.
 *
 *   limit: { rate: 50, burst: 120, per: global, on_error: deny } */
#pragma once

#include "config/config.h"

#include <stdint.h>

enum limiter_per {
    LIMITER_PER_GLOBAL,  /* one bucket for all */
    LIMITER_PER_ADDRESS, /* one a client address */
    LIMITER_PER_TOKEN,   /* one a bearer token */
    LIMITER_PER_KEY,     /* one a record's key */
};

enum limiter_on_error {
    LIMITER_DENY,  /* Redis away: refuse (503) */
    LIMITER_ALLOW, /* admit all */
    LIMITER_LOCAL, /* each process limits by itself, at the full rate */
};

struct limiter_config {
    double rate;      /* tokens a second; 0: no limit */
    int64_t burst;    /* 0: one second's worth */
    int per;          /* enum limiter_per */
    int on_error;     /* enum limiter_on_error */
    const char *name; /* of the bucket in Redis; NULL: from the stream's name */
};

extern const struct config_schema limiter_schema;
