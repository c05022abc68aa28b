/* process_stats: the sections "memory", "config" and "build" of /debug/stats. */
#pragma once

#include "base/stats.h"
#include "config/config.h"

struct process_stats {
    struct stats_section memory, config, build;
};

/* `config` is borrowed until process_stats_remove. */
void process_stats_add(struct process_stats *process, struct stats *stats, struct config *config);
/* Later than all others: it is long, and the same always. */
void process_stats_add_config(struct process_stats *process, struct stats *stats);
void process_stats_remove(struct process_stats *process);
