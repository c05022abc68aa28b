#include "io/http/http_config.h"

/* clang-format off */
static const struct config_field limit_fields[] = {
    { .name = "connections", .type = CONFIG_INT, .offset = offsetof(struct http_limits, connections), .fallback = "10000",
      .min = 1, .max = 1000000, .doc = "Connections open at once; at the limit the one that is idle for longest makes room." },
    { .name = "pipeline", .type = CONFIG_INT, .offset = offsetof(struct http_limits, pipeline), .fallback = "64",
      .min = 1, .max = 1024, .doc = "Requests of one connection without a written answer, before it is no longer read." },
    { .name = "header_count", .type = CONFIG_INT, .offset = offsetof(struct http_limits, header_count), .fallback = "100",
      .min = 1, .max = 10000, .doc = "Headers and trailers of a request; more are answered 431." },
    { .name = "url", .type = CONFIG_SIZE, .offset = offsetof(struct http_limits, url_bytes), .fallback = "8KiB",
      .min = 16, .max = 1 << 20, .doc = "The request target; a longer one is answered 414." },
    { .name = "headers", .type = CONFIG_SIZE, .offset = offsetof(struct http_limits, header_bytes), .fallback = "32KiB",
      .min = 64, .max = 1 << 20, .doc = "Names and values of a request's headers; more are answered 431." },
    { .name = "body", .type = CONFIG_SIZE, .offset = offsetof(struct http_limits, body_bytes), .fallback = "1MiB",
      .min = 0, .max = 1 << 30, .doc = "A request's body; a larger one is answered 413." },
    { .name = "unsent", .type = CONFIG_SIZE, .offset = offsetof(struct http_limits, unsent_bytes), .fallback = "256KiB",
      .min = 1024, .max = 1 << 30, .doc = "Answers that a client has not taken yet, before it is no longer read." },
    { .name = "memory", .type = CONFIG_SIZE, .offset = offsetof(struct http_limits, memory_bytes), .fallback = "256MiB",
      .min = 1 << 16, .max = (double)(1ULL << 40),
      .doc = "Requests and answers of all connections together; beyond it requests are answered 503." },
    { 0 },
};

const struct config_schema http_limits_schema = {
    .name = "http limits", .doc = "What one request, one connection and all of them may take.",
    .size = sizeof(struct http_limits), .fields = limit_fields,
};

static const struct config_field timeout_fields[] = {
    { .name = "header", .type = CONFIG_DURATION, .offset = offsetof(struct http_timeouts, header_us), .fallback = "10s",
      .min = 1e3, .max = 3.6e9, .doc = "From a request's first byte to the end of its headers, then 408." },
    { .name = "body", .type = CONFIG_DURATION, .offset = offsetof(struct http_timeouts, body_us), .fallback = "30s",
      .min = 1e3, .max = 3.6e9, .doc = "From there to the end of its body, then 408." },
    { .name = "idle", .type = CONFIG_DURATION, .offset = offsetof(struct http_timeouts, idle_us), .fallback = "60s",
      .min = 1e3, .max = 86.4e9, .doc = "Without a request, then the connection is closed." },
    { .name = "write", .type = CONFIG_DURATION, .offset = offsetof(struct http_timeouts, write_us), .fallback = "30s",
      .min = 1e3, .max = 3.6e9, .doc = "Within it a client takes 64 KiB of what is to be sent, or all of it; else the connection is closed." },
    { 0 },
};

const struct config_schema http_timeouts_schema = {
    .name = "http timeouts", .doc = "How long a client may take.",
    .size = sizeof(struct http_timeouts), .fields = timeout_fields,
};
/* clang-format on */

/* The fields are written for a member; here the member is the whole struct. */
struct http_listener_fields {
    struct http_config http;
};

static const struct config_field listener_fields[] = { HTTP_CONFIG_FIELDS(struct http_listener_fields, http), { 0 } };

const struct config_schema http_config_schema = {
    .name = "http listener",
    .doc = "One address that is listened on.",
    .size = sizeof(struct http_config),
    .fields = listener_fields,
};
