#include "ingest/limiter_config.h"

#include "core/bucket.h"

#define FIELD(member) .offset = offsetof(struct limiter_config, member)

static const char *const pers[] = { "global", "address", "token", "key", NULL };
static const char *const errors[] = { "deny", "allow", "local", NULL };

static const struct config_field fields[] = {
    { "rate", CONFIG_NUMBER, FIELD(rate), .fallback = "0", .reloadable = true, .min = 0, .max = BUCKET_RATE_MAX,
      .doc = "Events a second that all processes together let pass; 0: no limit." },
    { "burst", CONFIG_INT, FIELD(burst), .fallback = "0", .reloadable = true, .min = 0, .max = BUCKET_BURST_MAX,
      .doc = "Events that may pass at once after a pause; 0: as many as in one second. A larger batch is refused for good." },
    { "per", CONFIG_ENUM, FIELD(per), .fallback = "global", .choices = pers,
      .doc = "Whose rate it is: everybody's together, or that of each client address, bearer token, or record key." },
    { "on_error", CONFIG_ENUM, FIELD(on_error), .fallback = "deny", .choices = errors,
      .doc = "While Redis is away: refuse (503), admit all, or limit in each process by itself." },
    { "name", CONFIG_STRING, FIELD(name),
      .doc = "Name of the bucket in Redis; without it millrace:limit:<stream>. Equal names share a rate." },
    { .name = NULL },
};

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct limiter_config *limit = object;
    if (limit->rate > 0 && limit->rate < BUCKET_RATE_MIN)
        config_mistake_at(report, place, "rate", "found a rate of %g; allowed: 0 (no limit), or from %g to %g", limit->rate,
                          BUCKET_RATE_MIN, BUCKET_RATE_MAX);
}

const struct config_schema limiter_schema = {
    .name = "limit",
    .doc = "The rate at which events may come in.",
    .size = sizeof(struct limiter_config),
    .fields = fields,
    .check = check,
};
