/* health: is the process alive, and should it get traffic.
 *
 *   live   the loop turns and some worker can make progress; false means: restart it
 *   ready  every check is well and no shutdown has begun; false means: send traffic elsewhere
 *
 * Modules are asked when somebody asks us. Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"

#include <stdbool.h>
#include <yyjson.h>

struct health {
    struct list checks;      /* of readiness */
    struct list life_checks; /* of liveness */
    bool stopping;
    struct metrics *metrics;
};

/* Embedded by whoever registers it, until health_remove. */
struct health_check {
    struct list link;
    const char *name; /* "kafka", "stream jobs" */
    /* True when well (ready, or alive); else a reason in `err`. */
    bool (*ready)(void *arg, struct error *err);
    void *arg;
    struct series *series; /* of readiness; set by health_add */
};

/* Each check of readiness, and all of them, are told as metrics too. `metrics` is borrowed for the health's life; both end together. */
void health_init(struct health *health, struct metrics *metrics);
void health_add(struct health *health, struct health_check *check);
/* The same for liveness: only for what a restart helps. */
void health_add_life(struct health *health, struct health_check *check);
void health_remove(struct health_check *check);

/* True while a restart would not help; else the first reason in `err`. */
bool health_alive(const struct health *health, struct error *err);

/* From now on not ready: the first step of a shutdown. */
void health_stop(struct health *health);

/* {"status":"ready"|"not ready","checks":{"kafka":"ok",...}}; `ready` tells which. */
yyjson_mut_val *health_report(struct health *health, yyjson_mut_doc *doc, bool *ready);
