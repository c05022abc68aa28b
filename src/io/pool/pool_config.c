#include "io/pool/pool_config.h"

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct pool_config *config = object;
    if (config->workers > config->max)
        config_mistake(report, place, "found workers %lld above max %lld; allowed: at most max", (long long)config->workers,
                       (long long)config->max);
}

static const struct config_field fields[] = {
    { .name = "workers",
      .type = CONFIG_INT,
      .offset = offsetof(struct pool_config, workers),
      .fallback = "10",
      .doc = "Jobs at once, in the whole process.",
      .reloadable = true,
      .min = 1,
      .max = 1000 },
    { .name = "max",
      .type = CONFIG_INT,
      .offset = offsetof(struct pool_config, max),
      .fallback = "64",
      .doc = "Up to how many `workers` may be raised while the process runs: it fixes the worker threads at start.",
      .min = 1,
      .max = 1000 },
    { 0 },
};

const struct config_schema pool_schema = {
    .name = "pool",
    .doc = "The slots that the work of all streams shares.",
    .size = sizeof(struct pool_config),
    .fields = fields,
    .shorthand = "workers",
    .check = check,
};
