#include "base/memory.h"
#include "base/metrics_registry.h"

#include <string.h>

/* What a view adds to the exposition: where it goes (exposure), and which members go into which of its lines. */

static struct exposure *find_exposure(struct metrics *metrics, const char *name)
{
    list_each(link, &metrics->exposures) {
        struct exposure *exposure = list_entry(link, struct exposure, link);
        if (strcmp(exposure->name, name) == 0)
            return exposure;
    }
    return NULL;
}

static struct exposure *add_exposure(struct metrics *metrics, struct family *family, const struct metric_view *spec)
{
    struct exposure *exposure = mem_zalloc(sizeof(*exposure));
    exposure->name = spec->name;
    exposure->help = spec->help != NULL ? spec->help : family->about->help;
    exposure->type = family->about->type;
    if (exposure->type == METRIC_HISTOGRAM)
        exposure->bounds = spec->buckets != NULL ? (struct metric_bounds){ spec->buckets, spec->bucket_count } : metric_default_bounds;
    list_init(&exposure->views);
    list_push(&metrics->exposures, &exposure->link);
    return exposure;
}

void exposure_free(struct exposure *exposure)
{
    list_each(link, &exposure->views) {
        struct view *view = list_entry(link, struct view, link);
        mem_free(view->line_of);
        mem_free(view);
    }
    for (size_t i = 0; i < exposure->line_count; i++) {
        mem_free(exposure->lines[i].labels);
        mem_free(exposure->lines[i].buckets);
        mem_free(exposure->lines[i].exemplars);
    }
    mem_free(exposure->lines);
    mem_free(exposure);
}

/* The labels that a member has in the view: those kept and the constants. */
struct label_set {
    struct metric_label labels[METRICS_LABELS_MAX + METRICS_CONSTANTS_MAX];
    size_t count;
};

/* Sorted by name, so that views of one name agree; insertion, for a handful. */
static void insert_label(struct label_set *set, const char *name, const char *value)
{
    size_t at = set->count++;
    while (at > 0 && strcmp(set->labels[at - 1].name, name) > 0) {
        set->labels[at] = set->labels[at - 1];
        at--;
    }
    set->labels[at] = (struct metric_label){ name, value };
}

const char *view_label(const struct metric_view *view, const char *name)
{
    for (size_t i = 0; i < view->rename_count; i++)
        if (strcmp(view->renames[i].name, name) == 0)
            return view->renames[i].value;
    return name;
}

/* `member` may be NULL in a view that keeps no labels. */
static void labels_in(const struct view *view, const struct member *member, struct label_set *set)
{
    const struct family *family = view->family;
    set->count = 0;
    size_t kept = view->spec.labels != NULL ? view->spec.label_count : family->label_count;
    for (size_t i = 0; i < kept; i++) {
        const char *name = view->spec.labels != NULL ? view->spec.labels[i] : family->about->labels[i];
        insert_label(set, view_label(&view->spec, name), member->values[family_label(family, name)]);
    }
    for (size_t i = 0; i < view->spec.constant_count; i++)
        insert_label(set, view->spec.constants[i].name, view->spec.constants[i].value);
}

/* Exposition format 0.0.4: backslash, quote and line feed are escaped; a value that is no UTF-8 would spoil the whole page. */
static void append_value(struct buffer *out, const char *value)
{
    struct buffer clean = { 0 };
    buffer_utf8(&clean, text_of(value));
    for (size_t i = 0; i < clean.size; i++) {
        char c = clean.data[i];
        if (c == '\\' || c == '"' || c == '\n')
            buffer_char(out, '\\');
        buffer_char(out, c == '\n' ? 'n' : c);
    }
    buffer_free(&clean);
}

static char *render(const struct label_set *set)
{
    struct buffer out = { 0 };
    for (size_t i = 0; i < set->count; i++) {
        buffer_printf(&out, "%s%s=\"", i == 0 ? "" : ",", set->labels[i].name);
        append_value(&out, set->labels[i].value);
        buffer_char(&out, '"');
    }
    buffer_char(&out, '\0');
    return out.data;
}

/* Returns the index of the line with these labels, made when new. Takes `labels`. */
static size_t line_with(struct exposure *exposure, char *labels)
{
    uint64_t hash = 0;
    for (const char *c = labels; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001B3;
    for (size_t i = 0; i < exposure->line_count; i++) {
        if (exposure->lines[i].hash != hash || strcmp(exposure->lines[i].labels, labels) != 0)
            continue;
        mem_free(labels);
        return i;
    }
    exposure->lines = mem_realloc(exposure->lines, (exposure->line_count + 1) * sizeof(struct line));
    struct line *line = &exposure->lines[exposure->line_count];
    *line = (struct line){ .labels = labels, .hash = hash };
    if (exposure->type == METRIC_HISTOGRAM)
        line->buckets = mem_zalloc((exposure->bounds.count + 1) * sizeof(uint64_t));
    return exposure->line_count++;
}

static bool is_wanted(const struct view *view, const struct member *member)
{
    for (size_t i = 0; i < view->spec.where_count; i++) {
        int label = family_label(view->family, view->spec.where[i].name);
        if (strcmp(member->values[label], view->spec.where[i].value) != 0)
            return false;
    }
    return true;
}

static size_t find_line(const struct view *view, const struct member *member, struct exposure *exposure)
{
    if (!is_wanted(view, member))
        return VIEW_SKIPS;
    struct label_set set;
    labels_in(view, member, &set);
    return line_with(exposure, render(&set));
}

void view_follow(struct view *view, struct exposure *exposure)
{
    const struct family *family = view->family;
    if (view->seen == family->member_count)
        return;
    view->line_of = mem_realloc(view->line_of, family->member_count * sizeof(size_t));
    for (; view->seen < family->member_count; view->seen++)
        view->line_of[view->seen] = find_line(view, family->members[view->seen], exposure);
}

void metrics_link_view(struct metrics *metrics, struct family *family, const struct metric_view *spec)
{
    struct exposure *exposure = find_exposure(metrics, spec->name);
    if (exposure == NULL)
        exposure = add_exposure(metrics, family, spec);

    struct view *view = mem_zalloc(sizeof(*view));
    view->spec = *spec;
    view->family = family;
    list_push(&exposure->views, &view->link);

    if (spec->labels != NULL && spec->label_count == 0) {
        struct label_set set;
        labels_in(view, NULL, &set);
        line_with(exposure, render(&set));
    }
}
