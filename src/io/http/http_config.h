/* http_config: what one listener takes: its address, its limits, its timeouts.
 *
 *   address:  "127.0.0.1:8080"                                     as base/address.h says
 *   limits:   { connections: 10000, body: 1MiB, pipeline: 64, ... }
 *   timeouts: { header: 10s, body: 30s, idle: 60s, write: 30s }
 *   access_log: { sample: 0.01, errors: true }
 *
 * A struct that has more to say about a listener (its routes) embeds http_config and lists HTTP_CONFIG_FIELDS among its
 * own fields, so that all of it stands on one level of the file. */
#pragma once

#include "config/config.h"
#include "io/http/access_log.h"

#include <stddef.h>
#include <stdint.h>

struct http_limits {
    int64_t connections;   /* open at once */
    int64_t pipeline;      /* requests of one connection without a written answer */
    int64_t header_count;  /* trailers included */
    uint64_t url_bytes;    /* the request target */
    uint64_t header_bytes; /* names and values of one request, trailers included */
    uint64_t body_bytes;   /* after the chunks are taken off; with them, twice that */
    uint64_t unsent_bytes; /* answers of one connection that its client has not taken, before reading stops */
    uint64_t memory_bytes; /* requests and answers of all connections of the listener; beyond it 503 */
};

struct http_timeouts {
    uint64_t header_us; /* from a request's first byte to the end of its headers */
    uint64_t body_us;   /* from there to the end of its body; stands still while bodies are held */
    uint64_t idle_us;   /* without a request */
    uint64_t write_us;  /* until the client has taken what one write left over */
};

struct http_config {
    const char *address;
    int64_t backlog; /* connections that the kernel holds ready for accept */
    struct http_limits limits;
    struct http_timeouts timeouts;
    struct http_access_log access_log;
};

extern const struct config_schema http_config_schema;
extern const struct config_schema http_limits_schema;
extern const struct config_schema http_timeouts_schema;

/* clang-format off */
#define HTTP_CONFIG_FIELDS(owner, place)                                                                              \
    { .name = "address", .type = CONFIG_STRING, .offset = offsetof(owner, place.address), .required = true,            \
      .doc = "Where it listens: \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\" (all interfaces) or \"unix:PATH\"." },    \
    { .name = "backlog", .type = CONFIG_INT, .offset = offsetof(owner, place.backlog), .fallback = "1024",             \
      .min = 1, .max = 65535, .doc = "Connections that the kernel holds ready (bounded by net.core.somaxconn)." },     \
    { .name = "limits", .type = CONFIG_STRUCT, .offset = offsetof(owner, place.limits), .schema = &http_limits_schema, \
      .doc = "What one request, one connection and all of them may take." },                                           \
    { .name = "timeouts", .type = CONFIG_STRUCT, .offset = offsetof(owner, place.timeouts),                            \
      .schema = &http_timeouts_schema, .doc = "How long a client may take." },                                         \
    { .name = "access_log", .type = CONFIG_STRUCT, .offset = offsetof(owner, place.access_log),                          \
      .schema = &http_access_log_schema, .doc = "Which answers get a line in the log." }
/* clang-format on */
