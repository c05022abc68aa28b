#include "base/metrics.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/metrics_registry.h"

#include <assert.h>
#include <string.h>

#define NAME_OF(name, ...)         name
#define HELP_OF(name, help, ...)   help
#define LABELS_OF(name, help, ...) __VA_ARGS__

const struct metric_description metric_descriptions[METRIC_COUNT] = {
#define METRIC(id, type, ...) \
    [METRIC_##id] = { type, NAME_OF(__VA_ARGS__, NULL), HELP_OF(__VA_ARGS__, NULL), { LABELS_OF(__VA_ARGS__, NULL) } },
#include "base/metrics_list.h"
#undef METRIC
};

static const double default_upper[] = { .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };

const struct metric_bounds metric_default_bounds = { default_upper, sizeof(default_upper) / sizeof(default_upper[0]) };

/* For what takes less than the shortest of these where all is well; all of these among them, so that views stay exact. */
static const double quick_upper[] = { .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };

const struct metric_bounds metric_quick_bounds = { quick_upper, sizeof(quick_upper) / sizeof(quick_upper[0]) };

static void init_family(struct metrics *metrics, enum metric_id id)
{
    struct family *family = &metrics->families[id];
    family->about = &metric_descriptions[id];
    while (family->about->labels[family->label_count] != NULL)
        family->label_count++;
    if (family->about->type == METRIC_HISTOGRAM)
        family->bounds = metric_default_bounds;
    struct metric_view own = { .name = family->about->name };
    if (id == METRIC_REDIS_DURATION) {
        family->bounds = metric_quick_bounds;
        own.buckets = metric_quick_bounds.upper;
        own.bucket_count = metric_quick_bounds.count;
    }
    metrics_link_view(metrics, family, &own);
}

struct metrics *metrics_new(void)
{
    struct metrics *metrics = mem_zalloc(sizeof(*metrics));
    list_init(&metrics->exposures);
    list_init(&metrics->collectors);
    for (int id = 0; id < METRIC_COUNT; id++)
        init_family(metrics, (enum metric_id)id);
    return metrics;
}

static void free_family(struct family *family)
{
    for (size_t i = 0; i < family->member_count; i++) {
        struct member *member = family->members[i];
        for (size_t k = 0; k < family->label_count; k++)
            mem_free(member->values[k]);
        mem_free(member->series.buckets);
        mem_free(member->series.exemplars);
        mem_free(member);
    }
    mem_free(family->members);
    mem_free(family->own_bounds);
}

void metrics_free(struct metrics *metrics)
{
    list_each(link, &metrics->exposures)
        exposure_free(list_entry(link, struct exposure, link));
    list_each(link, &metrics->collectors)
        mem_free(list_entry(link, struct collector, link));
    for (int id = 0; id < METRIC_COUNT; id++)
        free_family(&metrics->families[id]);
    mem_free(metrics);
}

/* FNV-1a over the values, as far as they are kept, each with an end mark. */
static uint64_t hash_values(const char *const *values, size_t count)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < count; i++) {
        size_t size = strnlen(values[i], METRICS_VALUE_MAX);
        for (size_t k = 0; k <= size; k++)
            hash = (hash ^ (k < size ? (unsigned char)values[i][k] : 0)) * 0x100000001B3;
    }
    return hash;
}

static bool has_values(const struct member *member, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(member->values[i], values[i], METRICS_VALUE_MAX) != 0)
            return false;
    return true;
}

static struct member *find_member(const struct family *family, const char *const *values, uint64_t hash)
{
    for (size_t i = 0; i < family->member_count; i++)
        if (family->members[i]->hash == hash && has_values(family->members[i], values, family->label_count))
            return family->members[i];
    return NULL;
}

static struct member *add_member(struct family *family, const char *const *values, uint64_t hash)
{
    struct member *member = mem_zalloc(sizeof(*member));
    member->hash = hash;
    for (size_t i = 0; i < family->label_count; i++)
        member->values[i] = mem_strndup(values[i], strnlen(values[i], METRICS_VALUE_MAX));
    if (family->about->type == METRIC_HISTOGRAM) {
        member->series.bounds = &family->bounds;
        member->series.buckets = mem_zalloc((family->bounds.count + 1) * sizeof(uint64_t));
    }
    family->members = mem_realloc(family->members, (family->member_count + 1) * sizeof(struct member *));
    family->members[family->member_count++] = member;
    return member;
}

struct series *metric_series(struct metrics *metrics, enum metric_id id, const char *const *values)
{
    static const char *const others[METRICS_LABELS_MAX] = { "other", "other", "other", "other" };
    struct family *family = &metrics->families[id];
    for (size_t i = 0; i < family->label_count; i++)
        assert(values[i] != NULL);

    uint64_t hash = hash_values(values, family->label_count);
    struct member *member = find_member(family, values, hash);
    if (member == NULL && family->member_count >= METRICS_SERIES_MAX) {
        values = others;
        hash = hash_values(values, family->label_count);
        member = find_member(family, values, hash);
    }
    return &(member != NULL ? member : add_member(family, values, hash))->series;
}

/* A walk: most observations are small, so it ends early. */
static size_t observe(struct series *histogram, double value)
{
    const struct metric_bounds *bounds = histogram->bounds;
    size_t bucket = 0;
    while (bucket < bounds->count && value > bounds->upper[bucket])
        bucket++;
    histogram->buckets[bucket]++;
    histogram->value += value;
    return bucket;
}

void metric_observe(struct series *histogram, double value)
{
    observe(histogram, value);
}

static void keep_exemplar(struct series *series, size_t bucket, double value, const struct trace_context *trace)
{
    if (series->exemplars == NULL)
        series->exemplars = mem_zalloc((series->bounds == NULL ? 1 : series->bounds->count + 1) * sizeof(struct exemplar));
    struct exemplar *exemplar = &series->exemplars[bucket];
    exemplar->value = value;
    exemplar->at_us = clock_coarse_us();
    memcpy(exemplar->trace_id, trace->trace_id, sizeof(exemplar->trace_id));
}

void metric_observe_traced(struct series *histogram, double value, const struct trace_context *trace)
{
    size_t bucket = observe(histogram, value);
    if (trace != NULL && trace_is_sampled(trace))
        keep_exemplar(histogram, bucket, value, trace);
}

void metric_add_traced(struct series *counter, double n, const struct trace_context *trace)
{
    metric_add(counter, n);
    if (trace != NULL && trace_is_sampled(trace))
        keep_exemplar(counter, 0, n, trace);
}

double metric_value(const struct series *series)
{
    if (series->buckets == NULL)
        return series->value;
    uint64_t count = 0;
    for (size_t i = 0; i <= series->bounds->count; i++)
        count += series->buckets[i];
    return (double)count;
}

void metrics_on_collect(struct metrics *metrics, void (*collect)(void *arg), void *arg)
{
    struct collector *collector = mem_alloc(sizeof(*collector));
    *collector = (struct collector){ .collect = collect, .arg = arg };
    list_push(&metrics->collectors, &collector->link);
}

int family_label(const struct family *family, const char *name)
{
    for (size_t i = 0; i < family->label_count; i++)
        if (strcmp(family->about->labels[i], name) == 0)
            return (int)i;
    return -1;
}
