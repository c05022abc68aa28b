/* noop_config: `handler: { noop: {} }`. */
#pragma once

#include "config/config.h"

struct noop_config {
    int unused; /* an offset of 0 would mean that presence is not asked for */
    bool present;
};

extern const struct config_schema noop_schema;
