/* views: the metric views of a configuration in the registry's form. */
#pragma once

#include "app/views_config.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/metrics.h"

/* Adds one view. What it makes lies in the arena, which must live as long as the metrics, and the configuration too.
 * Returns 0 or E_INVALID with a sentence. */
int view_add(struct arena *arena, struct metrics *metrics, const struct view_config *config, struct error *err);

/* Adds all, up to the first that is refused. */
int views_add(struct arena *arena, struct metrics *metrics, const struct metrics_config *config, struct error *err);
