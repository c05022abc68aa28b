#include "base/metrics_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

/* Each bucket of the family goes to the first of the exposure whose bound is not below it; both ascend. */
static void add_buckets(struct line *line, const struct metric_bounds *bounds, const struct series *series)
{
    size_t into = 0;
    for (size_t i = 0; i <= series->bounds->count; i++) {
        while (into < bounds->count && (i == series->bounds->count || series->bounds->upper[i] > bounds->upper[into]))
            into++;
        line->buckets[into] += series->buckets[i];
    }
}

static void add_series(struct exposure *exposure, struct line *line, const struct series *series)
{
    line->value += series->value;
    line->hidden = false;
    if (line->buckets != NULL)
        add_buckets(line, &exposure->bounds, series);
}

static void hide_lines(struct exposure *exposure, const struct view *view)
{
    for (size_t i = 0; i < view->seen; i++)
        if (view->line_of[i] != VIEW_SKIPS && view->family->members[i]->series.hidden)
            exposure->lines[view->line_of[i]].hidden = true;
}

static void add_view(struct exposure *exposure, const struct view *view)
{
    for (size_t i = 0; i < view->seen; i++)
        if (view->line_of[i] != VIEW_SKIPS && !view->family->members[i]->series.hidden)
            add_series(exposure, &exposure->lines[view->line_of[i]], &view->family->members[i]->series);
}

static void clear(struct exposure *exposure)
{
    for (size_t i = 0; i < exposure->line_count; i++) {
        struct line *line = &exposure->lines[i];
        line->value = 0;
        line->hidden = false;
        if (line->buckets != NULL)
            memset(line->buckets, 0, (exposure->bounds.count + 1) * sizeof(uint64_t));
    }
}

/* A line is hidden by the hidden among its series, and shown by any other; one without series, of a view without labels, stands at 0. */
static void add_up(struct exposure *exposure)
{
    list_each(link, &exposure->views)
        view_follow(list_entry(link, struct view, link), exposure);
    clear(exposure);
    list_each(link, &exposure->views)
        hide_lines(exposure, list_entry(link, struct view, link));
    list_each(link, &exposure->views)
        add_view(exposure, list_entry(link, struct view, link));
}

/* Whole numbers as such; else the fewest digits that read back as the same double. */
static void write_number(struct buffer *out, double value)
{
    if (value != value) {
        buffer_string(out, "NaN");
    } else if (value - value != 0) {
        buffer_string(out, value > 0 ? "+Inf" : "-Inf");
    } else if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value) {
        buffer_int(out, (int64_t)value);
    } else {
        char digits[32];
        snprintf(digits, sizeof(digits), "%.15g", value);
        if (strtod(digits, NULL) != value)
            snprintf(digits, sizeof(digits), "%.17g", value);
        buffer_string(out, digits);
    }
}

static void write_series_name(struct buffer *out, const struct exposure *exposure, const char *suffix, const struct line *line)
{
    buffer_string(out, exposure->name);
    buffer_string(out, suffix);
    if (line->labels[0] != '\0') {
        buffer_char(out, '{');
        buffer_string(out, line->labels);
        buffer_char(out, '}');
    }
    buffer_char(out, ' ');
}

static void write_bucket(struct buffer *out, const struct exposure *exposure, const struct line *line, size_t bucket, uint64_t count)
{
    buffer_string(out, exposure->name);
    buffer_string(out, "_bucket{");
    buffer_string(out, line->labels);
    buffer_string(out, line->labels[0] == '\0' ? "le=\"" : ",le=\"");
    if (bucket == exposure->bounds.count)
        buffer_string(out, "+Inf");
    else
        write_number(out, exposure->bounds.upper[bucket]);
    buffer_string(out, "\"} ");
    buffer_uint(out, count);
    buffer_char(out, '\n');
}

static void write_histogram(struct buffer *out, const struct exposure *exposure, const struct line *line)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= exposure->bounds.count; i++) {
        count += line->buckets[i];
        write_bucket(out, exposure, line, i, count);
    }
    write_series_name(out, exposure, "_sum", line);
    write_number(out, line->value);
    buffer_char(out, '\n');
    write_series_name(out, exposure, "_count", line);
    buffer_uint(out, count);
    buffer_char(out, '\n');
}

static void write_line(struct buffer *out, const struct exposure *exposure, const struct line *line)
{
    if (exposure->type == METRIC_HISTOGRAM) {
        write_histogram(out, exposure, line);
        return;
    }
    write_series_name(out, exposure, "", line);
    write_number(out, line->value);
    buffer_char(out, '\n');
}

/* Suffixes that belong to parts of a histogram: a name of somebody else's that bears one all the same is told as of no type, as
 * Prometheus asks. */
static const char *type_name(const struct exposure *exposure)
{
    static const char *const reserved[] = { "_sum", "_count", "_bucket" };
    size_t size = strlen(exposure->name);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]) && exposure->type != METRIC_HISTOGRAM; i++) {
        size_t suffix = strlen(reserved[i]);
        if (size > suffix && strcmp(exposure->name + size - suffix, reserved[i]) == 0)
            return "untyped";
    }
    return type_names[exposure->type];
}

static void write_help(struct buffer *out, const struct exposure *exposure)
{
    buffer_printf(out, "# HELP %s ", exposure->name);
    for (const char *c = exposure->help; *c != '\0'; c++) {
        if (*c == '\\' || *c == '\n')
            buffer_char(out, '\\');
        buffer_char(out, *c == '\n' ? 'n' : *c);
    }
    buffer_printf(out, "\n# TYPE %s %s\n", exposure->name, type_name(exposure));
}

static void write_exposure(struct buffer *out, struct exposure *exposure)
{
    add_up(exposure);
    if (exposure->line_count == 0)
        return;
    write_help(out, exposure);
    for (size_t i = 0; i < exposure->line_count; i++)
        if (!exposure->lines[i].hidden)
            write_line(out, exposure, &exposure->lines[i]);
}

void metrics_write(struct metrics *metrics, struct buffer *out)
{
    list_each(link, &metrics->collectors) {
        struct collector *collector = list_entry(link, struct collector, link);
        collector->collect(collector->arg);
    }
    list_each(link, &metrics->exposures)
        write_exposure(out, list_entry(link, struct exposure, link));
}

static void document(struct buffer *out, const struct metric_description *about)
{
    buffer_printf(out, "| `%s` | %s | ", about->name, type_names[about->type]);
    for (size_t i = 0; about->labels[i] != NULL; i++)
        buffer_printf(out, "%s`%s`", i == 0 ? "" : ", ", about->labels[i]);
    buffer_string(out, about->labels[0] == NULL ? "| " : " | ");
    for (const char *c = about->help; *c != '\0'; c++) {
        if (*c == '|')
            buffer_char(out, '\\');
        buffer_char(out, *c);
    }
    buffer_string(out, " |\n");
}

static void document_bounds(struct buffer *out, const struct metric_bounds *bounds)
{
    for (size_t i = 0; i < bounds->count; i++) {
        buffer_string(out, i == 0 ? " " : ", ");
        write_number(out, bounds->upper[i]);
    }
}

void metrics_document(struct buffer *out)
{
    buffer_string(
        out, "# Metrics\n\n"
             "Made by `millrace docs metrics` from `src/base/metrics_list.h`. A view (`metrics.views` in the configuration) gives any of\n"
             "them another name, fewer or more labels, and other buckets.\n\n"
             "| name | type | labels | meaning |\n"
             "|---|---|---|---|\n");
    for (int id = 0; id < METRIC_COUNT; id++)
        document(out, &metric_descriptions[id]);
    buffer_string(out, "\nHistograms have the buckets of the Prometheus client libraries:");
    document_bounds(out, &metric_default_bounds);
    buffer_string(out, ". Redis' round trips have shorter ones too:");
    document_bounds(out, &metric_quick_bounds);
    buffer_string(out, ".\n");
}
