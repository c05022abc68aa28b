#include "io/redis/redis_config.h"

#include "io/redis/redis_url.h"

#include <string.h>

#define FIELD(member) .offset = offsetof(struct redis_config, member)
#define TLS(member)   .offset = offsetof(struct redis_tls_config, member)

static const struct config_field tls_fields[] = {
    { "ca", CONFIG_STRING, TLS(ca), .doc = "PEM file of the authorities to trust; without it the system's." },
    { "cert", CONFIG_STRING, TLS(cert), .doc = "PEM file of the certificate that is shown to Redis, with its chain." },
    { "key", CONFIG_STRING, TLS(key), .doc = "PEM file of that certificate's key." },
    { "verify", CONFIG_BOOL, TLS(verify), .fallback = "true", .doc = "Whether the server's certificate and its name are checked." },
    { .name = NULL },
};

static void check_tls(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct redis_tls_config *tls = object;
    if ((tls->cert == NULL) != (tls->key == NULL))
        config_mistake(report, place, "found only one of cert and key; allowed: both or none");
    config_check_file(report, place, "ca", tls->ca);
    config_check_file(report, place, "cert", tls->cert);
    config_check_file(report, place, "key", tls->key);
}

static const struct config_schema tls_schema = {
    .name = "redis.tls",
    .doc = "TLS to Redis; used with a rediss:// URL.",
    .size = sizeof(struct redis_tls_config),
    .fields = tls_fields,
    .check = check_tls,
};

static const struct config_field fields[] = {
    { "url", CONFIG_STRING, FIELD(url), .fallback = "local",
      .doc = "redis://[[user]:password@]host[:port][/database], rediss:// for TLS, unix:///path[?db=database], or local: no Redis. "
             "A password in it is never shown." },
    { "username", CONFIG_STRING, FIELD(username), .doc = "The user; comes before the one in the URL." },
    { "password", CONFIG_SECRET, FIELD(password), .doc = "The password; comes before the one in the URL." },
    { "timeout", CONFIG_DURATION, FIELD(timeout_us), .fallback = "250ms",
      .doc = "From 1ms to 1m: how long an answer may take; an attempt to connect may take twice that." },
    { "tls", CONFIG_STRUCT, FIELD(tls), .schema = &tls_schema, .doc = "TLS to Redis." },
    { .name = NULL },
};

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct redis_config *config = object;
    if (config->timeout_us < 1000 || config->timeout_us > 60000000)
        config_mistake_at(report, place, "timeout", "found a timeout of %llu us; allowed: 1ms to 1m",
                          (unsigned long long)config->timeout_us);
    if (redis_config_is_local(config))
        return;
    struct redis_url url;
    struct error err;
    if (redis_url_parse(&url, config->url, &err) != 0) {
        config_mistake_at(report, place, "url", "%s", err.message);
        return;
    }
    if (config->username != NULL && config->password == NULL && url.password == NULL)
        config_mistake(report, place, "found a username without a password; allowed: both, a password alone, or none");
    if (!url.tls && (config->tls.ca != NULL || config->tls.cert != NULL))
        config_mistake(report, place, "found TLS files with a URL that does not begin with rediss://");
    redis_url_free(&url);
}

const struct config_schema redis_schema = {
    .name = "redis",
    .doc = "The Redis that shares rate limits between processes.",
    .size = sizeof(struct redis_config),
    .fields = fields,
    .shorthand = "url",
    .check = check,
};

bool redis_config_is_local(const struct redis_config *config)
{
    return config->url == NULL || config->url[0] == '\0' || strcmp(config->url, "local") == 0;
}
