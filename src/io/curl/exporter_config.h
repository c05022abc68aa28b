/* exporter_config: `traces: { export: { endpoint: "http://collector:4318" } }`: where spans go to, and how.
 *
 * OpenTelemetry's environment names are the defaults (OTEL_EXPORTER_OTLP_ENDPOINT, ..._HEADERS, ..._TIMEOUT, OTEL_BSP_*, and those with
 * TRACES_ in them before the general ones), so they work without a line in the file. Without an endpoint nothing is exported. */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

enum exporter_compression { EXPORTER_COMPRESSION_NONE, EXPORTER_COMPRESSION_GZIP };

struct exporter_config {
    int exporter;                                              /* 0: otlp, 1: none */
    const char *endpoint;                                      /* of OTLP in general: "/v1/traces" is added; empty: none */
    const char *url;                                           /* of traces alone, taken as it is; empty: `endpoint` */
    int protocol;                                              /* there is one */
    const char *headers;                                       /* secret; empty: none */
    uint64_t timeout_us;                                       /* of one request */
    int compression;                                           /* enum exporter_compression */
    const char *certificate, *client_certificate, *client_key; /* PEM files; empty: none */
    int64_t batch;                                             /* spans in one request */
    uint64_t delay_us;                                         /* a span waits no longer before it is sent */
};

extern const struct config_schema exporter_schema;

/* Whether there is somewhere to export to. */
bool exporter_config_wanted(const struct exporter_config *config);

/* Appends where it is, with a final NUL. */
void exporter_config_url(const struct exporter_config *config, struct buffer *url);

/* Appends each of `headers` as "Name: value" with a final NUL, and increases `*count`. Returns 0 or E_INVALID with a sentence that repeats
 * nothing of it. */
int exporter_config_headers(const struct exporter_config *config, struct buffer *lines, size_t *count, struct error *err);
