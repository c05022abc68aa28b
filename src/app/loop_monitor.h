/* loop_monitor: how busy the loop is: the first thing to look at when answers are slow.
 *
 *   turn         one round of the loop, without its wait for events
 *   utilization  the share of the last second that was not waiting
 *
 * Costs two readings of the clock a turn. Registers the section "loop". */
#pragma once

#include "base/histogram.h"
#include "base/metrics.h"
#include "base/stats.h"

#include <stdint.h>
#include <uv.h>

struct loop_monitor {
    uv_prepare_t prepare;
    uv_timer_t second;
    struct stats_section section;
    struct series *turn_series, *utilization_series;
    struct histogram turns;
    uint64_t turn_count;
    uint64_t last_ns, last_idle_ns;     /* at the last turn's end */
    uint64_t second_ns, second_idle_ns; /* at the last second's end */
    double utilization;                 /* 0..1 */
};

/* Its handles do not keep the loop alive. Before anything else on the loop. */
void loop_monitor_start(struct loop_monitor *monitor, uv_loop_t *loop, struct metrics *metrics, struct stats *stats);
void loop_monitor_close(struct loop_monitor *monitor);
