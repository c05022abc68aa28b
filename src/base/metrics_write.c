#include "base/metrics_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the formats have in common, and the older of them: Prometheus' text exposition 0.0.4. */

void metrics_write_number(struct buffer *out, double value)
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

const char *exposure_type(const struct exposure *exposure)
{
    static const char *const names[] = { [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram" };
    static const char *const reserved[] = { "_sum", "_count", "_bucket" };
    size_t size = strlen(exposure->name);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]) && exposure->type != METRIC_HISTOGRAM; i++) {
        size_t suffix = strlen(reserved[i]);
        if (size > suffix && strcmp(exposure->name + size - suffix, reserved[i]) == 0)
            return NULL;
    }
    return names[exposure->type];
}

/* ---- samples */

struct writing {
    const struct metrics_form *form;
    const struct exposure *exposure;
    struct buffer *out;
};

/* The end of a sample. */
static void write_rest(const struct writing *writing, const struct line *line, size_t bucket)
{
    if (line->exemplars != NULL && line->exemplars[bucket] != NULL && writing->form->write_exemplar != NULL)
        writing->form->write_exemplar(writing->out, writing->exposure, line->exemplars[bucket]);
    buffer_char(writing->out, '\n');
}

static void write_series_name(const struct writing *writing, const char *suffix, const struct line *line)
{
    struct buffer *out = writing->out;
    buffer_string(out, writing->exposure->name);
    buffer_string(out, suffix);
    if (line->labels[0] != '\0') {
        buffer_char(out, '{');
        buffer_string(out, line->labels);
        buffer_char(out, '}');
    }
    buffer_char(out, ' ');
}

static void write_bucket(const struct writing *writing, const struct line *line, size_t bucket, uint64_t count)
{
    const struct metric_bounds *bounds = &writing->exposure->bounds;
    struct buffer *out = writing->out;
    buffer_string(out, writing->exposure->name);
    buffer_string(out, "_bucket{");
    buffer_string(out, line->labels);
    buffer_string(out, line->labels[0] == '\0' ? "le=\"" : ",le=\"");
    if (bucket == bounds->count)
        buffer_string(out, "+Inf");
    else
        writing->form->write_bound(out, bounds->upper[bucket]);
    buffer_string(out, "\"} ");
    buffer_uint(out, count);
    write_rest(writing, line, bucket);
}

static void write_histogram(const struct writing *writing, const struct line *line)
{
    uint64_t count = 0;
    for (size_t i = 0; i < exposure_buckets(writing->exposure); i++) {
        count += line->buckets[i];
        write_bucket(writing, line, i, count);
    }
    write_series_name(writing, "_sum", line);
    metrics_write_number(writing->out, line->value);
    buffer_char(writing->out, '\n');
    write_series_name(writing, "_count", line);
    buffer_uint(writing->out, count);
    buffer_char(writing->out, '\n');
}

static void write_line(const struct writing *writing, const struct line *line)
{
    if (writing->exposure->type == METRIC_HISTOGRAM) {
        write_histogram(writing, line);
        return;
    }
    write_series_name(writing, "", line);
    metrics_write_number(writing->out, line->value);
    write_rest(writing, line, 0);
}

static void write_exposure(const struct metrics_form *form, struct exposure *exposure, struct buffer *out)
{
    const struct writing writing = { form, exposure, out };
    exposure_add_up(exposure);
    if (exposure->line_count == 0)
        return;
    form->write_head(out, exposure);
    for (size_t i = 0; i < exposure->line_count; i++)
        if (!exposure->lines[i].hidden)
            write_line(&writing, &exposure->lines[i]);
}

void metrics_write_form(struct metrics *metrics, const struct metrics_form *form, struct buffer *out)
{
    list_each(link, &metrics->collectors) {
        struct collector *collector = list_entry(link, struct collector, link);
        collector->collect(collector->arg);
    }
    list_each(link, &metrics->exposures)
        write_exposure(form, list_entry(link, struct exposure, link), out);
}

/* ---- 0.0.4 */

static void write_head(struct buffer *out, const struct exposure *exposure)
{
    const char *type = exposure_type(exposure);
    buffer_printf(out, "# HELP %s ", exposure->name);
    for (const char *c = exposure->help; *c != '\0'; c++) {
        if (*c == '\\' || *c == '\n')
            buffer_char(out, '\\');
        buffer_char(out, *c == '\n' ? 'n' : *c);
    }
    buffer_printf(out, "\n# TYPE %s %s\n", exposure->name, type == NULL ? "untyped" : type);
}

void metrics_write(struct metrics *metrics, struct buffer *out)
{
    static const struct metrics_form form = { .write_head = write_head, .write_bound = metrics_write_number };
    metrics_write_form(metrics, &form, out);
}
