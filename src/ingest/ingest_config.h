/* ingest_config: the `ingest:` part of a stream.
 *
 *   ingest: { producer: durable, key: "query:key", deadline: 10s, headers: [x-tenant], limit: { rate: 50, burst: 120 } } */
#pragma once

#include "config/config.h"
#include "ingest/limiter_config.h"

#include <stdint.h>

enum ingest_key_kind {
    INGEST_KEY_NONE,   /* records are spread over the partitions */
    INGEST_KEY_QUERY,  /* "query:NAME": a parameter of the request's query; absent: no key */
    INGEST_KEY_HEADER, /* "header:NAME": a header of the request; absent: no key */
    INGEST_KEY_FIELD,  /* "field:NAME": a field of the shaped event */
};

struct ingest_config {
    const char *producer;        /* a name in `producers`; NULL: the only one, or the defaults */
    const char *key;             /* as written; ingest_key_parse reads it */
    uint64_t deadline_us;        /* 0: the producer's */
    struct config_list headers;  /* of const char *: headers of the request that go along, lower case */
    struct limiter_config limit; /* rate 0: no limit */
};

extern const struct config_schema ingest_schema;

/* Reads "query:NAME", "header:NAME", "field:NAME" or "none" (NULL too); `name` is a part of `key`.
 * Returns 0, or E_INVALID with what is allowed. */
int ingest_key_parse(const char *key, enum ingest_key_kind *kind, struct text *name, struct error *err);
