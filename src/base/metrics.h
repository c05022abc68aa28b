/* metrics: counters, gauges and histograms, from one table of names (base/metrics_list.h).
 *
 *   family   one name of the table with its help, type, unit and label names
 *   series   a family's member with values for its labels; what modules hold and update
 *   view     a family under another name: labels dropped, bounded or added, other buckets (DESIGN section 3)
 *
 * A series is found once, at start (metric_series), and updated through its pointer: one addition.
 * Series live as long as the registry. Loop thread only; other threads hand their counts over first.
 * Label growth is bounded: beyond METRICS_SERIES_MAX series of a family, label values become "other". */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

#define METRICS_SERIES_MAX 1000
#define METRICS_LABELS_MAX 4

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* METRIC_ID(...) ids come from the list: METRIC_HTTP_REQUESTS for millrace_http_requests_total. */
enum metric_id {
#define METRIC(id, type, name, help, ...) METRIC_##id,
#include "base/metrics_list.h"
#undef METRIC
    METRIC_COUNT
};

struct metrics;
struct series;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* The series of the family with these label values, in the order of the family's label names; made when new.
 * `values` has as many entries as the family has labels; they are copied. */
struct series *metric_series(struct metrics *metrics, enum metric_id id, const char *const *values);

/* For the usual few labels: metric(m, METRIC_PRODUCED, "jobs"). */
#define metric(metrics, id, ...) metric_series(metrics, id, (const char *const[]){ __VA_ARGS__, NULL })

void metric_add(struct series *counter, double n);
void metric_set(struct series *gauge, double value);
void metric_observe(struct series *histogram, double value); /* in the family's unit: seconds, bytes */
double metric_value(const struct series *series);            /* counter, gauge; a histogram's count */

/* Before each exposition `collect` may set gauges that are cheaper to ask than to keep. */
void metrics_on_collect(struct metrics *metrics, void (*collect)(void *arg), void *arg);

struct metric_label {
    const char *name;
    const char *value;
};

/* All texts are borrowed for the registry's life. */
struct metric_view {
    const char *name;                 /* the name to expose */
    const char *of;                   /* the family, with or without "millrace_" and "_total" ("produced") */
    const struct metric_label *where; /* only series with these label values */
    size_t where_count;
    const char *const *labels; /* labels kept, others summed over; NULL keeps all */
    size_t label_count;
    const struct metric_label *constants; /* labels added */
    size_t constant_count;
    const double *buckets; /* ascending upper bounds for a histogram; NULL: the family's */
    size_t bucket_count;
    const char *help; /* NULL: the family's */
};

/* Refuses, with a sentence, an unknown family or label, a bad name, buckets that do not ascend, and buckets on
 * what is no histogram. Call before the first series of the family is observed: bounds are fixed then. */
int metrics_add_view(struct metrics *metrics, const struct metric_view *view, struct error *err);

/* Prometheus text exposition 0.0.4 of all families that have series, then of all views. */
void metrics_write(struct metrics *metrics, struct buffer *out);

/* Adds process_* (cpu, memory, descriptors, start time, threads) from /proc to each exposition. */
void metrics_add_process(struct metrics *metrics);
