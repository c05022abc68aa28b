#include "watch/watch_config.h"

static const struct config_field watch_fields[] = {
    { .name = "every",
      .type = CONFIG_DURATION,
      .offset = offsetof(struct watch_config, every_us),
      .fallback = "5s",
      .min = 1e5,
      .max = 3.6e9,
      .doc = "How often the brokers are asked; after a question without an answer, within 5 s." },
    { 0 },
};

const struct config_schema watch_schema = {
    .name = "watch",
    .doc = "Watches how far `work.group` is: its lag, its members, and the state of topic and cluster, as metrics and in "
           "/debug/stats?section=lag.",
    .size = sizeof(struct watch_config),
    .fields = watch_fields,
    .present_offset = offsetof(struct watch_config, present),
};
