/* path_pattern: the path of a route as segments, exact ones and parameters (core/router.h has the words).
 * Made once, then only read. */
#pragma once

#include "base/error.h"
#include "core/router.h"

#include <stdbool.h>

struct path_segment {
    struct text text; /* the exact text, or the parameter's name; points into `source` */
    bool is_parameter;
};

struct path_pattern {
    char *source; /* as it was written */
    struct path_segment *segments;
    size_t segment_count;
    size_t parameter_count;
};

/* Reads "/topics/{topic}". On an error nothing is held. */
int path_pattern_parse(struct path_pattern *pattern, const char *source, struct error *err);
void path_pattern_free(struct path_pattern *pattern);

/* True if the path fits; then the values of the parameters are in `match`. O(path). */
bool path_pattern_fits(const struct path_pattern *pattern, struct text path, struct route_match *match);

/* Below 0: `a` goes before `b`. 0: they fit the same paths (the names of parameters do not matter). */
int path_pattern_compare(const struct path_pattern *a, const struct path_pattern *b);

/* For two that compare as 0: true if their parameters have the same names too. */
bool path_pattern_same_names(const struct path_pattern *a, const struct path_pattern *b);
