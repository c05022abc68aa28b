#include "core/breaker_config.h"

#define FIELD(member) .offset = offsetof(struct breaker_config, member)

static const struct config_field fields[] = {
    { "failures", CONFIG_INT, FIELD(failures), .fallback = "10", .min = 1, .max = 1000000,
      .doc = "So many failed reports in a row open the breaker." },
    { "stall", CONFIG_DURATION, FIELD(stall_us), .fallback = "2s", .min = 1e3, .max = 3.6e9,
      .doc = "A record that waits longer than this for its report opens the breaker." },
    { "pause", CONFIG_DURATION, FIELD(pause_us), .fallback = "1s", .min = 1e3, .max = 3.6e9,
      .doc = "With no record left that could show the broker is back, one request is let through after this time." },
    { .name = NULL },
};

const struct config_schema breaker_schema = {
    .name = "breaker",
    .doc = "When a topic is taken for broken, and how it is tried again.",
    .size = sizeof(struct breaker_config),
    .fields = fields,
};
