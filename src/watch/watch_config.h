/* watch_config: the `watch:` part of a stream.
 *
 *   watch: { every: 5s } */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct watch_config {
    uint64_t every_us;
    bool present;
};

extern const struct config_schema watch_schema;
