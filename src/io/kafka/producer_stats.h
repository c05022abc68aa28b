/* producer_stats: the sections "producer", "breaker" and "hot_keys" of /debug/stats, over all producers of the process.
 * Embedded by whoever wires producers; init before the first producer opens, close after the last is closed. Loop thread only. */
#pragma once

#include "base/list.h"
#include "base/stats.h"

struct producer_stats {
    struct list producers; /* kept by producer_open and producer_close */
    struct stats_section producer;
    struct stats_section breaker;
    struct stats_section hot_keys;
};

void producer_stats_init(struct producer_stats *stats, struct stats *registry);
void producer_stats_close(struct producer_stats *stats);
