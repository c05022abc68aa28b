/* pool_config: `pool: { workers: 10, max: 64 }` or `pool: 10`. */
#pragma once

#include "config/config.h"

struct pool_config {
    int64_t workers; /* jobs at once in the whole process; may be changed while running, up to `max` */
    int64_t max;     /* fixes the worker threads at start */
};

extern const struct config_schema pool_schema;
