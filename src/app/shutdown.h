/* shutdown: the end of a node in phases, each with its share of the time that is left.
 *
 *   RUNNING --signal--> not ready, stop accepting, stop fetching
 *                         -> drain HTTP -> drain lanes -> flush producers -> commit and leave -> flush traces -> close stores
 *                         -> loop is empty
 *
 * Every request that was read is answered, every job that runs may end, every record on its way is reported. What does not end
 * within its phase is given up, counted and named. When the whole takes longer than `shutdown` (30 s), because a job burns a
 * processor and cannot be cancelled, or a broker does not answer the farewell, the log names it and the process leaves by
 * _exit: 1 where a request or a job was cut, 0 where nothing was; should the loop itself stand still, its guard does so, with 1
 * (shutdown_guard.h). A second signal exits at once with 128 + its number, whatever the loop does (shutdown_signals.h). */
#pragma once

#include "app/node.h"
#include "app/reload.h"

#include <uv.h>

struct shutdown {
    struct node *node;
    struct reload *reload;
    uv_timer_t watchdog;
    uint64_t started_us, deadline_us; /* clock_us */
    size_t phase;
    unsigned pending; /* parts of the phase that have not ended */
    size_t cut;       /* connections with unanswered requests, and jobs, whose time was over */
};

/* Waits for SIGINT and SIGTERM. When the phases are through, no handle of the node is open. */
void shutdown_watch(struct shutdown *shutdown, struct node *node, struct reload *reload);

/* --- shared with shutdown_phases.c --- */

struct shutdown_phase {
    const char *name;
    void (*begin)(struct shutdown *shutdown, uint64_t deadline_us);
    double until; /* the part of the whole time that may be over when it ends: work gets most of it */
};

extern const struct shutdown_phase shutdown_phases[]; /* ends with name == NULL */

/* A part of the phase has ended; the phase ends with its last part. */
void shutdown_part_ended(void *shutdown);
