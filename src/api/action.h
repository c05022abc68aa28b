/* action: what a route does. One table of actions (actions.c); each is a small function in the file of its group.
 *
 *   route    method and path of one listener -> an action, its stream, and a reply template for each outcome
 *   outcome  0 for success, or an error code: E_LIMITED, E_UNAVAILABLE, ... (api/reply.h gives their statuses)
 *   role     what a process does: ingest, work; a route whose action belongs to a role that it lacks is not opened
 *
 * One that changes something (work.pause) or tells of the inside (node.stats) is run for those only whom api/admin.h permits;
 * everybody else is answered 403.
 * An action gets a whole request and answers it exactly once, now or later. Loop thread only. */
#pragma once

#include "api/admin.h"
#include "api/arguments.h"
#include "api/health.h"
#include "api/reply.h"
#include "base/metrics.h"
#include "base/stats.h"
#include "core/router.h"
#include "ingest/ingest.h"
#include "io/http/request.h"
#include "io/profiler/profiler.h"
#include "trace/tracer.h"
#include "work/work.h"

#include <stdbool.h>

/* What all actions share; borrowed for the routes' life. */
struct api {
    struct metrics *metrics;
    struct stats *stats;
    struct health *health;
    const struct admin_config *admin;
    const struct work_shared *works;
    struct profiler *profiler;
    struct tracer *tracer;
};

struct route {
    struct http_route counted; /* its name is the path as configured */
    const struct action *action;
    struct api *api;
    struct ingest *ingest; /* of the route's stream; set when the action needs it */
    struct work *work;
    struct reply_set replies;
    struct span_site *sites[METHOD_COUNT]; /* of its span, by method; made by the first request */
    const struct config_list *with;        /* arguments that the configuration decides about; of struct config_pair; NULL: nothing */
};

struct action {
    const char *name;
    const char *doc;                  /* one sentence */
    const char *role;                 /* NULL: any process */
    const char *stream;               /* the part of the stream that it needs: "ingest", "work"; NULL: none */
    const char *const *reply_names;   /* what reply templates may name; NULL: the action has no templates */
    const struct argument *arguments; /* what a request may ask of it; NULL: nothing */
    bool changes;                     /* something, be it how fast we are for a while: not everybody may, and not by HEAD */
    bool stores;                      /* what comes: everybody may, but not by HEAD */
    bool tells;                       /* of the inside: everybody may, but for pages of elsewhere in somebody's browser */
    void (*run)(struct route *route, struct http_request *request, const struct route_match *match);
};

/* Runs the route's action for a request that was matched to it, or answers 403. */
void route_run(struct route *route, struct http_request *request, const struct route_match *match);

/* NULL when there is none of that name. */
const struct action *action_find(const char *name);

/* The i-th action, or NULL after the last: for messages and documentation. */
const struct action *action_at(size_t i);

/* The groups' actions. */
extern const struct action action_ingest_one;
extern const struct action action_log_get;
extern const struct action action_log_set;
extern const struct action action_node_live;
extern const struct action action_node_ready;
extern const struct action action_node_health;
extern const struct action action_node_metrics;
extern const struct action action_node_stats;
extern const struct action action_node_stuck;
extern const struct action action_node_profile;
extern const struct action action_node_traces;
extern const struct action action_node_trace;
extern const struct action action_work_pause;
extern const struct action action_work_resume;
extern const struct action action_work_get;
extern const struct action action_work_set;
extern const struct action action_work_stats;
extern const struct action action_work_assigned;
extern const struct action action_work_counts;
