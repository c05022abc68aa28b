/* metrics: counters, gauges and histograms, from one table of names (base/metrics_list.h).
 *
 *   family   one name of the table with its help, type, unit and label names
 *   series   a family's member with values for its labels; what modules hold and update
 *   view     a family under another name: labels dropped, bounded or added, other buckets
 *   exemplar one of the events that a series counted, by its trace's id: the last one of each bucket, or of a counter
 *
 * A series is found once, at start (metric_series), and updated through its pointer: one addition.
 * Series live as long as the registry. Loop thread only; other threads hand their counts over first.
 * Label growth is bounded: beyond METRICS_SERIES_MAX series of a family, label values become "other", and a value is cut
 * at METRICS_VALUE_MAX bytes. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "base/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_SERIES_MAX 1000
#define METRICS_LABELS_MAX 4
#define METRICS_VALUE_MAX  249 /* the longest topic name a broker takes */

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* METRIC_ID(...) ids come from the list: METRIC_HTTP_REQUESTS for millrace_http_requests_total. */
enum metric_id {
#define METRIC(id, ...) METRIC_##id,
#include "base/metrics_list.h"
#undef METRIC
    METRIC_COUNT
};

struct metrics;
struct metric_bounds;
struct exemplar;

/* Read and written by the functions below only; here so that an update is one addition in the caller's code. */
struct series {
    double value;                       /* histogram: the sum of what was observed */
    bool hidden;                        /* gauge: metric_hide */
    uint64_t *buckets;                  /* histogram: observations by bucket; the last is above all bounds */
    const struct metric_bounds *bounds; /* histogram: shared by its family */
    struct exemplar *exemplars;         /* one a bucket; NULL before the first */
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* The series of the family with these label values, in the order of the family's label names; made when new.
 * `values` has as many entries as the family has labels; they are copied. */
struct series *metric_series(struct metrics *metrics, enum metric_id id, const char *const *values);

/* The same with the values as arguments: metric(m, METRIC_WORKED, "jobs", "done"), metric(m, METRIC_SLOTS).
 * The NULL that ends the list also keeps it from being empty, which ISO C does not allow. */
#define metric(metrics, ...)   metric_series(metrics, METRIC_HEAD(__VA_ARGS__, NULL), (const char *const[]){ METRIC_REST(__VA_ARGS__, NULL) })
#define METRIC_HEAD(head, ...) head
#define METRIC_REST(head, ...) __VA_ARGS__

static inline void metric_add(struct series *counter, double n)
{
    counter->value += n;
}

/* Also for a counter that somebody else counts (the operating system), from a collect callback. */
static inline void metric_set(struct series *gauge, double value)
{
    gauge->value = value;
    gauge->hidden = false;
}

/* What it tells of is gone for good, as a partition of a topic that was made again with fewer: it is no longer exposed, and counts in no
 * sum, until it is set again. For what is there but not known set NaN. */
static inline void metric_hide(struct series *gauge)
{
    gauge->hidden = true;
}

void metric_observe(struct series *histogram, double value); /* in the family's unit: seconds, bytes; O(buckets) */

/* The same for an event with a trace: a sampled one, which somebody can look at, becomes the exemplar of its bucket or counter.
 * With NULL, or a trace that is not sampled, it costs one comparison more. */
void metric_observe_traced(struct series *histogram, double value, const struct trace_context *trace);
void metric_add_traced(struct series *counter, double n, const struct trace_context *trace);

double metric_value(const struct series *series); /* counter, gauge; a histogram's count */

/* Before each exposition `collect` may set gauges that are cheaper to ask than to keep. */
void metrics_on_collect(struct metrics *metrics, void (*collect)(void *arg), void *arg);

struct metric_label {
    const char *name;
    const char *value;
};

/* Texts and arrays are borrowed for the registry's life; the struct itself is copied. */
struct metric_view {
    const char *name;                 /* the name to expose */
    const char *of;                   /* the family, with or without "millrace_" and "_total" ("produced") */
    const struct metric_label *where; /* only series with these label values */
    size_t where_count;
    const char *const *labels; /* labels kept, others summed over; NULL keeps all, an empty array (not NULL) none */
    size_t label_count;
    const struct metric_label *renames; /* kept labels (name) that get another name (value) */
    size_t rename_count;
    const struct metric_label *constants; /* labels added */
    size_t constant_count;
    const double *buckets; /* ascending upper bounds for a histogram; NULL: the family's */
    size_t bucket_count;
    const char *help; /* NULL: the family's */
};

/* Several views may share a name, when type and buckets are the same: they are exposed as one, and what falls together
 * is summed. A view that keeps no labels stands at 0 before its first series.
 * A family counts in the union of its own bounds and those of its views, so each view is exact.
 * Refuses, with a sentence, an unknown family or label, a bad name or a family's, buckets that do not ascend, and buckets
 * on what is no histogram. Own buckets come before the first observation of the family: bounds are fixed then. */
int metrics_add_view(struct metrics *metrics, const struct metric_view *view, struct error *err);

/* Prometheus text exposition 0.0.4 of all families that have series, then of all views. O(series). */
void metrics_write(struct metrics *metrics, struct buffer *out);

/* The same as OpenMetrics 1.0.0 has it, with exemplars. A counter that bears another name than OpenMetrics allows for one (not
 * "..._total", as views may name it) is told as of unknown type. */
void metrics_write_openmetrics(struct metrics *metrics, struct buffer *out);

/* Adds process_* (cpu, memory, descriptors, start time, threads) from /proc to each exposition, named as the Prometheus
 * client libraries name them. */
void metrics_add_process(struct metrics *metrics);

/* Adds millrace_log_* to each exposition: what base/log counts of the whole process. */
void metrics_add_log(struct metrics *metrics);

/* docs/metrics.md: the list as a Markdown table with name, type, labels and help. */
void metrics_document(struct buffer *out);
