#include "ingest/ingest_config.h"

#include "base/text.h"

int ingest_key_parse(const char *key, enum ingest_key_kind *kind, struct text *name, struct error *err)
{
    static const struct {
        const char *prefix;
        enum ingest_key_kind kind;
    } kinds[] = {
        { "query:", INGEST_KEY_QUERY },
        { "header:", INGEST_KEY_HEADER },
        { "field:", INGEST_KEY_FIELD },
    };
    *kind = INGEST_KEY_NONE;
    *name = TEXT_NONE;
    if (key == NULL || strcmp(key, "none") == 0)
        return 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t size = strlen(kinds[i].prefix);
        if (strncmp(key, kinds[i].prefix, size) != 0 || key[size] == '\0')
            continue;
        *kind = kinds[i].kind;
        *name = text_of(key + size);
        return 0;
    }
    return error_set(err, E_INVALID, "found \"%s\"; allowed: query:NAME, header:NAME, field:NAME, none", key);
}

/* These the trace decides about: a record has one of each. */
static void check_headers(const struct ingest_config *config, const struct config_place *place, struct config_report *report)
{
    const char *const *names = config->headers.items;
    for (size_t i = 0; i < config->headers.count; i++)
        if (strcasecmp(names[i], "traceparent") == 0 || strcasecmp(names[i], "tracestate") == 0)
            config_mistake_at(report, place, "headers", "found %s, which goes along anyway; allowed: other headers", names[i]);
}

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct ingest_config *config = object;
    check_headers(config, place, report);
    enum ingest_key_kind kind;
    struct text name;
    struct error err;
    if (ingest_key_parse(config->key, &kind, &name, &err) != 0)
        config_mistake_at(report, place, "key", "%s", err.message);
}

static const struct config_field fields[] = {
    { .name = "producer",
      .type = CONFIG_STRING,
      .offset = offsetof(struct ingest_config, producer),
      .doc = "A name in `producers`. Without it: the only producer there is, or one with the defaults." },
    { .name = "key",
      .type = CONFIG_STRING,
      .offset = offsetof(struct ingest_config, key),
      .fallback = "none",
      .doc = "Where the record's key comes from: `query:NAME`, `header:NAME`, `field:NAME` or `none`. A record without a key is "
             "spread over the partitions." },
    { .name = "deadline",
      .type = CONFIG_DURATION,
      .offset = offsetof(struct ingest_config, deadline_us),
      .fallback = "0",
      .doc = "A record that is not acknowledged by then is answered 503 or, where it may be stored, 504. 0: the producer's." },
    { .name = "headers",
      .type = CONFIG_LIST,
      .offset = offsetof(struct ingest_config, headers),
      .doc = "Headers of the request that become headers of the record; `traceparent` and `tracestate` go along anyway." },
    { .name = "limit",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct ingest_config, limit),
      .schema = &limiter_schema,
      .doc = "The rate limit; without it all is admitted." },
    { 0 },
};

const struct config_schema ingest_schema = {
    .name = "ingest",
    .doc = "How events of a stream get in: what key they have, which producer writes them, how many are admitted.",
    .size = sizeof(struct ingest_config),
    .fields = fields,
    .check = check,
};
