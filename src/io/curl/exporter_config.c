#include "io/curl/exporter_config.h"

#include "base/baggage.h"
#include "io/curl/http_client.h"

#include <ctype.h>
#include <string.h>

#define FIELD(member) .offset = offsetof(struct exporter_config, member)

/* The variable for traces comes before the one for all that OTLP carries. */
#define FROM_OTLP(name, fallback) "${OTEL_EXPORTER_OTLP_TRACES_" name ":-${OTEL_EXPORTER_OTLP_" name ":-" fallback "}}"

static const char *const exporters[] = { "otlp", "none", NULL };
static const char *const protocols[] = { "http/protobuf", NULL };
static const char *const compressions[] = { "none", "gzip", NULL };

static const struct config_field fields[] = {
    { .name = "exporter",
      .type = CONFIG_ENUM,
      FIELD(exporter),
      .choices = exporters,
      .fallback = "${OTEL_TRACES_EXPORTER:-otlp}",
      .doc = "`none`: nothing is exported, whatever else stands here." },
    { .name = "endpoint",
      .type = CONFIG_STRING,
      FIELD(endpoint),
      .fallback = "${OTEL_EXPORTER_OTLP_ENDPOINT:-}",
      .doc = "The collector, as in `http://localhost:4318`; `/v1/traces` is added. Empty: nothing is exported." },
    { .name = "url",
      .type = CONFIG_STRING,
      FIELD(url),
      .fallback = "${OTEL_EXPORTER_OTLP_TRACES_ENDPOINT:-}",
      .doc = "The collector's URL for traces, taken as it is; before `endpoint`." },
    { .name = "protocol",
      .type = CONFIG_ENUM,
      FIELD(protocol),
      .choices = protocols,
      .fallback = FROM_OTLP("PROTOCOL", "http/protobuf"),
      .doc = "OTLP's form: protobuf over HTTP is the one that is spoken." },
    { .name = "headers",
      .type = CONFIG_SECRET,
      FIELD(headers),
      .fallback = FROM_OTLP("HEADERS", ""),
      .doc = "Headers of each request, `name=value,name=value`, values percent-encoded." },
    { .name = "timeout",
      .type = CONFIG_DURATION,
      FIELD(timeout_us),
      .fallback = FROM_OTLP("TIMEOUT", "10000") "ms",
      .min = 10000,
      .max = 3e8,
      .doc = "How long one request may take, its answer included." },
    { .name = "compression",
      .type = CONFIG_ENUM,
      FIELD(compression),
      .choices = compressions,
      .fallback = FROM_OTLP("COMPRESSION", "none"),
      .doc = "`gzip`: level 1, on a worker thread." },
    { .name = "certificate",
      .type = CONFIG_STRING,
      FIELD(certificate),
      .fallback = FROM_OTLP("CERTIFICATE", ""),
      .doc = "PEM file of the authorities to trust in the collector's certificate; empty: the system's." },
    { .name = "client_certificate",
      .type = CONFIG_STRING,
      FIELD(client_certificate),
      .fallback = FROM_OTLP("CLIENT_CERTIFICATE", ""),
      .doc = "PEM file of the certificate that is shown to the collector, with its chain." },
    { .name = "client_key",
      .type = CONFIG_STRING,
      FIELD(client_key),
      .fallback = FROM_OTLP("CLIENT_KEY", ""),
      .doc = "PEM file of that certificate's key." },
    { .name = "batch",
      .type = CONFIG_INT,
      FIELD(batch),
      .fallback = "${OTEL_BSP_MAX_EXPORT_BATCH_SIZE:-512}",
      .min = 1,
      .max = 10000,
      .doc = "Spans in one request at most; with so many it goes out at once." },
    { .name = "delay",
      .type = CONFIG_DURATION,
      FIELD(delay_us),
      .fallback = "${OTEL_BSP_SCHEDULE_DELAY:-1000}ms",
      .min = 1000,
      .max = 6e7,
      .doc = "How long a span waits for others before it is sent." },
    { 0 },
};

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

bool exporter_config_wanted(const struct exporter_config *config)
{
    return config->exporter == 0 && (is_set(config->url) || is_set(config->endpoint));
}

void exporter_config_url(const struct exporter_config *config, struct buffer *url)
{
    if (is_set(config->url)) {
        buffer_append(url, config->url, strlen(config->url) + 1);
        return;
    }
    struct text base = { config->endpoint, strcspn(config->endpoint, "?#") };
    const char *query = config->endpoint + base.size;
    while (base.size > 0 && base.data[base.size - 1] == '/')
        base.size--;
    buffer_text(url, base);
    buffer_string(url, "/v1/traces");
    buffer_append(url, query, strlen(query) + 1);
}

/* RFC 9110, section 5.6.2. */
static bool is_header_name(struct text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!isalnum((unsigned char)name.data[i]) && (name.data[i] == '\0' || strchr("!#$%&'*+-.^_`|~", name.data[i]) == NULL))
            return false;
    return name.size > 0;
}

static bool is_header_value(struct text value)
{
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.data[i] < ' ' || value.data[i] == 127)
            return false;
    return true;
}

int exporter_config_headers(const struct exporter_config *config, struct buffer *lines, size_t *count, struct error *err)
{
    struct text rest = text_of(config->headers), name;
    struct buffer value = { 0 };
    int rc;
    while ((rc = baggage_next(&rest, &name, &value)) == 1 && is_header_name(name) && is_header_value(buffer_as_text(&value))) {
        buffer_text(lines, name);
        buffer_string(lines, value.size == 0 ? ";" : ": "); /* the form in which libcurl sends a header without a value */
        buffer_text(lines, buffer_as_text(&value));
        buffer_char(lines, '\0');
        buffer_clear(&value);
        *count += 1;
    }
    buffer_free(&value);
    if (rc == 0)
        return 0;
    return error_set(err, E_INVALID, "found no header as pair %zu; allowed: name=value,name=value, values percent-encoded", *count + 1);
}

static void check_file(const struct config_place *place, struct config_report *report, const char *name, const char *path)
{
    config_check_file(report, place, name, is_set(path) ? path : NULL);
}

static void check_url(const struct exporter_config *config, const struct config_place *place, struct config_report *report)
{
    struct buffer url = { 0 };
    struct error err;
    exporter_config_url(config, &url);
    if (http_endpoint_check(url.data, &err) != 0)
        config_mistake_at(report, place, is_set(config->url) ? "url" : "endpoint", "%s", err.message);
    buffer_free(&url);
}

static void check_headers(const struct exporter_config *config, const struct config_place *place, struct config_report *report)
{
    struct buffer lines = { 0 };
    struct error err;
    size_t count = 0;
    if (exporter_config_headers(config, &lines, &count, &err) != 0)
        config_mistake_at(report, place, "headers", "%s", err.message);
    buffer_free(&lines);
}

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct exporter_config *config = object;
    if (!exporter_config_wanted(config))
        return;
    check_url(config, place, report);
    check_headers(config, place, report);
    check_file(place, report, "certificate", config->certificate);
    check_file(place, report, "client_certificate", config->client_certificate);
    check_file(place, report, "client_key", config->client_key);
}

const struct config_schema exporter_schema = {
    .name = "traces.export",
    .doc = "The collector that spans are exported to, by OTLP over HTTP.",
    .size = sizeof(struct exporter_config),
    .fields = fields,
    .shorthand = "endpoint",
    .check = check,
};
