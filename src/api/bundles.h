/* bundles: names for groups of ordinary routes: `use: [health, metrics, debug]`. */
#pragma once

#include <stddef.h>

struct bundle_route {
    const char *on;
    const char *action;
};

/* The routes of the bundle, ended by on == NULL; NULL when there is none of that name. */
const struct bundle_route *bundle_find(const char *name);
