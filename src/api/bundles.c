#include "api/bundles.h"

#include <string.h>

static const struct bundle_route health[] = {
    { "GET /livez", "node.live" },
    { "GET /readyz", "node.ready" },
    { "GET /health", "node.health" },
    { 0 },
};

static const struct bundle_route metrics[] = {
    { "GET /metrics", "node.metrics" },
    { 0 },
};

static const struct bundle_route debug[] = {
    { "GET /debug/log", "log.get" },
    { "PUT|POST /debug/log", "log.set" },
    { "GET /debug/stats", "node.stats" },
    { "GET /debug/stuck", "node.stuck" },
    { "GET /debug/traces", "node.traces" },
    { "GET /debug/traces/{trace}", "node.trace" },
    { "GET /debug/profile", "node.profile" },
    { 0 },
};

static const struct {
    const char *name;
    const struct bundle_route *routes;
} bundles[] = {
    { "health", health },
    { "metrics", metrics },
    { "debug", debug },
};

const struct bundle_route *bundle_find(const char *name)
{
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
        if (strcmp(bundles[i].name, name) == 0)
            return bundles[i].routes;
    return NULL;
}
