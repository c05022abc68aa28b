#include "base/memory.h"
#include "base/metrics_registry.h"

#include <string.h>

/* Is a view possible? Every refusal says what was found and what is allowed. Then its bounds join those of its family. */

static bool is_name(const char *name, bool colon_allowed)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    if (name == NULL || name[0] == '\0' || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (strchr(letters, *c) == NULL && !(*c >= '0' && *c <= '9') && !(*c == ':' && colon_allowed))
            return false;
    return true;
}

/* "millrace_produced_total" and "produced" are the same family. */
static struct text core_of(const char *name)
{
    struct text text = text_of(name);
    if (text.size > 9 && memcmp(text.data, "millrace_", 9) == 0)
        text = (struct text){ text.data + 9, text.size - 9 };
    if (text.size > 6 && memcmp(text.data + text.size - 6, "_total", 6) == 0)
        text.size -= 6;
    return text;
}

static struct family *find_family(struct metrics *metrics, const char *name)
{
    struct text wanted = core_of(name == NULL ? "" : name);
    for (int id = 0; id < METRIC_COUNT; id++) {
        struct text core = core_of(metrics->families[id].about->name);
        if (core.size == wanted.size && memcmp(core.data, wanted.data, core.size) == 0)
            return &metrics->families[id];
    }
    return NULL;
}

static int refuse_label(const struct family *family, const char *name, struct error *err)
{
    struct buffer known = { 0 };
    for (size_t i = 0; i < family->label_count; i++)
        buffer_printf(&known, "%s%s", i == 0 ? "" : ", ", family->about->labels[i]);
    int rc = error_set(err, E_INVALID, "%s has no label \"%s\"; allowed: %.*s", family->about->name, name,
                       TEXT_ARG(known.size == 0 ? TEXT("none") : buffer_as_text(&known)));
    buffer_free(&known);
    return rc;
}

static bool keeps(const struct family *family, const struct metric_view *view, const char *name)
{
    if (view->labels == NULL)
        return family_label(family, name) >= 0;
    for (size_t i = 0; i < view->label_count; i++)
        if (strcmp(view->labels[i], name) == 0)
            return true;
    return false;
}

/* Does the view show a label of this name, constants aside? */
static bool shows(const struct family *family, const struct metric_view *view, const char *name)
{
    for (size_t i = 0; i < family->label_count; i++) {
        const char *label = family->about->labels[i];
        if (keeps(family, view, label) && strcmp(view_label(view, label), name) == 0)
            return true;
    }
    return false;
}

static int check_label_name(const char *name, struct error *err)
{
    if (is_name(name, false) && strncmp(name, "__", 2) != 0 && strcmp(name, "le") != 0)
        return 0;
    return error_set(err, E_INVALID, "\"%s\" is no name for a label; allowed: letters, digits, _; not le, not __ first", name);
}

static int check_labels(const struct family *family, const struct metric_view *view, struct error *err)
{
    for (size_t i = 0; i < view->where_count; i++)
        if (family_label(family, view->where[i].name) < 0)
            return refuse_label(family, view->where[i].name, err);
    if (view->labels == NULL)
        return 0;
    for (size_t i = 0; i < view->label_count; i++) {
        if (family_label(family, view->labels[i]) < 0)
            return refuse_label(family, view->labels[i], err);
        for (size_t k = 0; k < i; k++)
            if (strcmp(view->labels[i], view->labels[k]) == 0)
                return error_set(err, E_INVALID, "label \"%s\" is kept twice", view->labels[i]);
    }
    return 0;
}

/* Two labels must not come to one name. */
static int check_renames(const struct family *family, const struct metric_view *view, struct error *err)
{
    for (size_t i = 0; i < view->rename_count; i++) {
        const struct metric_label *rename = &view->renames[i];
        if (!keeps(family, view, rename->name))
            return error_set(err, E_INVALID, "label \"%s\" is to be renamed, and is none that the view keeps of %s", rename->name,
                             family->about->name);
        if (check_label_name(rename->value, err) != 0)
            return E_INVALID;
        for (size_t k = 0; k < family->label_count; k++) {
            const char *other = family->about->labels[k];
            if (strcmp(other, rename->name) != 0 && keeps(family, view, other) && strcmp(view_label(view, other), rename->value) == 0)
                return error_set(err, E_INVALID, "labels \"%s\" and \"%s\" would both be named \"%s\"", rename->name, other, rename->value);
        }
    }
    return 0;
}

static int check_constants(const struct family *family, const struct metric_view *view, struct error *err)
{
    if (view->constant_count > METRICS_CONSTANTS_MAX)
        return error_set(err, E_INVALID, "found %zu constant labels; allowed: %d", view->constant_count, METRICS_CONSTANTS_MAX);
    for (size_t i = 0; i < view->constant_count; i++) {
        const char *name = view->constants[i].name;
        if (check_label_name(name, err) != 0)
            return E_INVALID;
        if (shows(family, view, name))
            return error_set(err, E_INVALID, "constant label \"%s\" is a label of %s too", name, family->about->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, view->constants[k].name) == 0)
                return error_set(err, E_INVALID, "constant label \"%s\" stands twice", name);
    }
    return 0;
}

static bool has_observations(const struct family *family)
{
    for (size_t i = 0; i < family->member_count; i++)
        if (metric_value(&family->members[i]->series) > 0)
            return true;
    return false;
}

static int check_buckets(const struct family *family, const struct metric_view *view, struct error *err)
{
    if (view->buckets == NULL)
        return 0;
    if (family->about->type != METRIC_HISTOGRAM)
        return error_set(err, E_INVALID, "%s is no histogram, so it has no buckets", family->about->name);
    if (view->bucket_count == 0)
        return error_set(err, E_INVALID, "buckets are empty; allowed: at least one upper bound");
    for (size_t i = 0; i < view->bucket_count; i++)
        if (!(view->buckets[i] - view->buckets[i] == 0) || (i > 0 && view->buckets[i] <= view->buckets[i - 1]))
            return error_set(err, E_INVALID, "buckets must be finite and ascend; found %g in place %zu", view->buckets[i], i + 1);
    if (has_observations(family))
        return error_set(err, E_INVALID, "%s has observations already: its buckets are fixed", family->about->name);
    return 0;
}

static bool same_bounds(const struct exposure *exposure, const struct metric_view *view)
{
    struct metric_bounds wanted = { view->buckets, view->bucket_count };
    if (view->buckets == NULL)
        wanted = metric_default_bounds;
    return exposure->bounds.count == wanted.count && memcmp(exposure->bounds.upper, wanted.upper, wanted.count * sizeof(double)) == 0;
}

/* May the view take this name? A family's own name would count twice; another view's must mean the same kind of thing. */
static int check_name(struct metrics *metrics, const struct family *family, const struct metric_view *view, struct error *err)
{
    if (!is_name(view->name, true))
        return error_set(err, E_INVALID, "found \"%s\" as a metric's name; allowed: letters, digits, _ and :, no digit first",
                         view->name == NULL ? "" : view->name);
    for (int id = 0; id < METRIC_COUNT; id++)
        if (strcmp(metric_descriptions[id].name, view->name) == 0)
            return error_set(err, E_INVALID, "\"%s\" is the name of a metric of its own; allowed: any other", view->name);
    list_each(link, &metrics->exposures) {
        struct exposure *exposure = list_entry(link, struct exposure, link);
        if (strcmp(exposure->name, view->name) != 0)
            continue;
        if (exposure->type != family->about->type)
            return error_set(err, E_INVALID, "another view of the same name is of another type than %s", family->about->name);
        if (exposure->type == METRIC_HISTOGRAM && !same_bounds(exposure, view))
            return error_set(err, E_INVALID, "another view of the same name has other buckets");
    }
    return 0;
}

/* Merges two ascending rows without repeats. */
static size_t merge(const struct metric_bounds *a, const struct metric_bounds *b, double *out)
{
    size_t i = 0, k = 0, count = 0;
    while (i < a->count || k < b->count) {
        bool from_a = k == b->count || (i < a->count && a->upper[i] <= b->upper[k]);
        double next = from_a ? a->upper[i++] : b->upper[k++];
        if (count == 0 || out[count - 1] != next)
            out[count++] = next;
    }
    return count;
}

static void join_bounds(struct family *family, const struct metric_view *view)
{
    struct metric_bounds more = { view->buckets, view->bucket_count };
    double *joined = mem_alloc((family->bounds.count + more.count) * sizeof(double));
    size_t count = merge(&family->bounds, &more, joined);
    mem_free(family->own_bounds);
    family->own_bounds = joined;
    family->bounds = (struct metric_bounds){ joined, count };
    for (size_t i = 0; i < family->member_count; i++) { /* without observations: check_buckets */
        struct series *series = &family->members[i]->series;
        mem_free(series->buckets);
        series->buckets = mem_zalloc((count + 1) * sizeof(uint64_t));
    }
}

static int check(struct metrics *metrics, const struct family *family, const struct metric_view *view, struct error *err)
{
    if (family == NULL)
        return error_set(err, E_INVALID, "\"%s\" is no metric; allowed: the names in docs/metrics.md", view->of == NULL ? "" : view->of);
    int rc = check_name(metrics, family, view, err);
    if (rc == 0)
        rc = check_labels(family, view, err);
    if (rc == 0)
        rc = check_renames(family, view, err);
    if (rc == 0)
        rc = check_constants(family, view, err);
    if (rc == 0)
        rc = check_buckets(family, view, err);
    return rc;
}

int metrics_add_view(struct metrics *metrics, const struct metric_view *view, struct error *err)
{
    struct family *family = find_family(metrics, view->of);
    int rc = check(metrics, family, view, err);
    if (rc != 0)
        return rc;

    if (view->buckets != NULL)
        join_bounds(family, view);
    metrics_link_view(metrics, family, view);
    return 0;
}
