/* simulate_config: `handler: { simulate: { mode: timer, min: 100ms, range: 100ms, fail: 0.1, record: FILE } }`. */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

enum simulate_mode { SIMULATE_TIMER, SIMULATE_CPU };

struct simulate_config {
    int mode; /* enum simulate_mode */
    bool present;
    uint64_t min_us;
    uint64_t range_us;
    double fail;        /* the share of jobs that fail: 0..1 */
    const char *record; /* file that takes a line at each start and end, or NULL */
};

extern const struct config_schema simulate_schema;
