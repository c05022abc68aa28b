/* breaker_config: when a topic is taken for broken, and how it is tried again: `breaker: { failures: 10, stall: 2s }`. */
#pragma once

#include "config/config.h"

struct breaker_config {
    int64_t failures;
    uint64_t stall_us;
    uint64_t pause_us;
};

extern const struct config_schema breaker_schema;
