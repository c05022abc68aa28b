#include "base/memory.h"
#include "io/curl/exporter_state.h"

#include <string.h>

static const char *file_or_none(const char *path)
{
    return path == NULL || path[0] == '\0' ? NULL : path;
}

#define OWN_HEADERS 2

/* `lines` holds `count` texts, each with its NUL, behind one another. */
static const char **header_list(const struct exporter_config *config, const struct buffer *lines, size_t *count)
{
    const char **headers = mem_alloc((*count + OWN_HEADERS) * sizeof(*headers));
    const char *at = lines->data;
    for (size_t i = 0; i < *count; i++, at += strlen(at) + 1)
        headers[i] = at;
    headers[(*count)++] = "Content-Type: application/x-protobuf";
    if (config->compression == EXPORTER_COMPRESSION_GZIP)
        headers[(*count)++] = "Content-Encoding: gzip";
    return headers;
}

struct http_endpoint *exporter_endpoint(const struct exporter_config *config, struct error *err)
{
    struct buffer url = { 0 }, lines = { 0 };
    size_t count = 0;
    struct http_endpoint *endpoint = NULL;
    exporter_config_url(config, &url);
    if (exporter_config_headers(config, &lines, &count, err) == 0) {
        const char **headers = header_list(config, &lines, &count);
        endpoint = http_endpoint_new(
            &(struct http_endpoint_options){
                .url = url.data,
                .headers = headers,
                .header_count = count,
                .timeout_us = config->timeout_us,
                .ca = file_or_none(config->certificate),
                .cert = file_or_none(config->client_certificate),
                .key = file_or_none(config->client_key),
            },
            err);
        mem_free(headers);
    }
    buffer_free(&url);
    buffer_free(&lines);
    return endpoint;
}
