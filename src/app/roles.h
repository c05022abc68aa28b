/* roles: what a process does of all that its configuration could (`--only`).
 *
 *   ingest   routes with `ingest.*` actions, and the producers behind them
 *   work     streams with `work`, and routes with `work.*` actions
 *   watch    streams with `watch`
 *
 * A listener opens where one of its actions is of a role of the process, or where it has nothing but bundles. Pure. */
#pragma once

#include "app/settings.h"
#include "base/error.h"

#include <stdbool.h>

struct roles {
    bool ingest;
    bool work;
    bool watch;
};

/* "ingest, work, watch". */
extern const char *const roles_names;

/* Reads "ingest,work"; NULL means all. Returns 0 or E_INVALID with what is allowed. */
int roles_parse(struct roles *roles, const char *words, struct error *err);

/* What a process of these roles opens and starts. */
bool roles_open_listener(const struct roles *roles, const struct listener_config *listener);
bool roles_open_route(const struct roles *roles, const struct route_config *route);
bool roles_ingest(const struct roles *roles, const struct settings *settings, const struct stream_config *stream);
bool roles_work(const struct roles *roles, const struct stream_config *stream);
bool roles_watch(const struct roles *roles, const struct stream_config *stream);
