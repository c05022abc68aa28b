/* metrics_registry: what is behind base/metrics.h. For the metrics_*.c files only.
 *
 *   metrics -> family -> member (a series with its label values)
 *           -> exposure (a name in the exposition) -> line (one set of labels in it)
 *                                                  -> view (a family, and how its members go into the lines)
 *
 * A family is exposed by a view too: the one that keeps everything. A member's line is found once, when it is new; an
 * exposition only adds up and prints. */
#pragma once

#include "base/list.h"
#include "base/metrics.h"

#include <stdbool.h>

#define METRICS_CONSTANTS_MAX 8

struct metric_description {
    enum metric_type type;
    const char *name;
    const char *help;
    const char *labels[METRICS_LABELS_MAX + 1]; /* ends with NULL */
};

extern const struct metric_description metric_descriptions[METRIC_COUNT];

/* Ascending upper bounds; what is above the last goes into one bucket more. */
struct metric_bounds {
    const double *upper;
    size_t count;
};

extern const struct metric_bounds metric_default_bounds; /* those of the Prometheus client libraries */
extern const struct metric_bounds metric_quick_bounds;   /* those and shorter ones: Redis' round trips */

/* Texts are made when somebody asks. */
struct exemplar {
    double value;
    uint64_t at_us; /* clock_us; 0: there is none */
    uint8_t trace_id[16];
};

struct member {
    struct series series; /* first: what metric_series gives out */
    uint64_t hash;        /* of the values */
    char *values[METRICS_LABELS_MAX];
};

struct family {
    const struct metric_description *about;
    size_t label_count;
    struct metric_bounds bounds; /* the union of all that count in it */
    double *own_bounds;          /* where bounds.upper was made for a view; or NULL */
    struct member **members;
    size_t member_count;
};

struct line {
    char *labels; /* as exposed, sorted by name: `a="1",b="2"`; empty for none */
    uint64_t hash;
    double value;
    uint64_t *buckets;
    const struct exemplar **exemplars; /* one a bucket, each NULL or the newest; NULL while no series has any */
    bool hidden;                       /* of what falls into it there are only hidden series */
};

struct exposure {
    struct list link; /* metrics->exposures */
    const char *name;
    const char *help;
    enum metric_type type;
    struct metric_bounds bounds;
    struct list views;
    struct line *lines;
    size_t line_count;
};

struct view {
    struct list link; /* exposure->views */
    struct metric_view spec;
    struct family *family;
    size_t *line_of; /* for each member seen so far: its line, or VIEW_SKIPS */
    size_t seen;
};

#define VIEW_SKIPS ((size_t)-1)

struct collector {
    struct list link;
    void (*collect)(void *arg);
    void *arg;
};

struct metrics {
    struct family families[METRIC_COUNT];
    struct list exposures; /* the families' first, in the order of the list */
    struct list collectors;
};

/* Index of the family's label, or -1. */
int family_label(const struct family *family, const char *name);

/* The name under which the view shows a label that it keeps. */
const char *view_label(const struct metric_view *view, const char *name);

/* Links a view that has been checked; spec->name is new or that of an exposure it fits to. */
void metrics_link_view(struct metrics *metrics, struct family *family, const struct metric_view *spec);
void exposure_free(struct exposure *exposure);

/* Gives each member that is new since the last call its line. */
void view_follow(struct view *view, struct exposure *exposure);

/* Sums the series of all views up into the exposure's lines. */
void exposure_add_up(struct exposure *exposure);

/* How many buckets a line of it has; a counter's is one, for its exemplar. */
static inline size_t exposure_buckets(const struct exposure *exposure)
{
    return exposure->bounds.count + 1;
}

/* Whole numbers as such; else the fewest digits that read back as the same double. */
void metrics_write_number(struct buffer *out, double value);

/* The type's word, or NULL for a name of somebody else's that ends as only parts of other types may (foo_sum): it has no type then. */
const char *exposure_type(const struct exposure *exposure);

/* How the formats differ. */
struct metrics_form {
    void (*write_head)(struct buffer *out, const struct exposure *exposure); /* HELP and TYPE */
    void (*write_bound)(struct buffer *out, double upper);
    /* What follows a sample; NULL: nothing. */
    void (*write_exemplar)(struct buffer *out, const struct exposure *exposure, const struct exemplar *exemplar);
};

/* Collects, and writes all exposures. */
void metrics_write_form(struct metrics *metrics, const struct metrics_form *form, struct buffer *out);
