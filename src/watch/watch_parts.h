/* watch_parts: what watch.c (asking) and watch_told.c (telling) share; nobody else includes it. */
#pragma once

#include "base/loop.h"
#include "watch/watch.h"

struct watch {
    struct list link; /* in watch_shared.watches */
    struct watch_options options;
    struct group_reader *reader;
    uv_timer_t timer;
    struct gate gate;
    struct group_partition *partitions; /* of the last reading */
    struct group_reading reading;       /* its partitions are these; none before the first */
    size_t told;                        /* partitions that any reading had */
    int64_t read_wall_us;               /* when that was; 0 before */
    bool asking;
    unsigned failures; /* in a row */
    struct error away; /* why the last question failed */
};

#define WATCH_STALE 3 /* failures in a row */

/* --- watch_told.c --- */
/* Sets the gauges from the reading, or to NaN when it is stale; hides those of partitions that are no longer there. */
void watch_tell(struct watch *watch);
void watch_section_add(struct watch_shared *shared, struct stats *stats);
