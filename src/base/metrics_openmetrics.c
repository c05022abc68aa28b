#include "base/clock.h"
#include "base/hex.h"
#include "base/metrics_registry.h"

#include <string.h>

/* OpenMetrics 1.0.0, https://prometheus.io/docs/specs/om/open_metrics_spec/: what differs from the older text. */

#define TOTAL "_total"

/* "foo" of "foo_total"; absent for a counter that is not named so. */
static struct text bare_name(const struct exposure *exposure)
{
    struct text name = text_of(exposure->name);
    size_t suffix = sizeof(TOTAL) - 1;
    if (name.size <= suffix || memcmp(name.data + name.size - suffix, TOTAL, suffix) != 0)
        return TEXT_NONE;
    return (struct text){ name.data, name.size - suffix };
}

/* What a family is called: a counter without its suffix, which belongs to its samples. */
static struct text family_name(const struct exposure *exposure)
{
    struct text bare = exposure->type == METRIC_COUNTER ? bare_name(exposure) : TEXT_NONE;
    return bare.data == NULL ? text_of(exposure->name) : bare;
}

static const char *type_of(const struct exposure *exposure)
{
    const char *type = exposure_type(exposure);
    if (type == NULL || (exposure->type == METRIC_COUNTER && bare_name(exposure).data == NULL))
        return "unknown";
    return type;
}

static void write_head(struct buffer *out, const struct exposure *exposure)
{
    struct text name = family_name(exposure);
    buffer_printf(out, "# TYPE %.*s %s\n# HELP %.*s ", TEXT_ARG(name), type_of(exposure), TEXT_ARG(name));
    for (const char *c = exposure->help; *c != '\0'; c++) {
        if (*c == '\\' || *c == '\n' || *c == '"')
            buffer_char(out, '\\');
        buffer_char(out, *c == '\n' ? 'n' : *c);
    }
    buffer_char(out, '\n');
}

/* "1.0" where the older text has "1": numbers in `le` are canonical floats. */
static void write_bound(struct buffer *out, double upper)
{
    size_t before = out->size;
    metrics_write_number(out, upper);
    if (memchr(out->data + before, '.', out->size - before) == NULL && memchr(out->data + before, 'e', out->size - before) == NULL)
        buffer_string(out, ".0");
}

/* ` # {trace_id="..."} value time`; the specification has them at counters and buckets alone. The wall clock may have stepped since: its
 * age is what is known of the event. */
static void write_exemplar(struct buffer *out, const struct exposure *exposure, const struct exemplar *exemplar)
{
    if (strcmp(type_of(exposure), "unknown") == 0)
        return;
    char id[2 * sizeof(exemplar->trace_id) + 1];
    *hex_write(id, exemplar->trace_id, sizeof(exemplar->trace_id)) = '\0';
    uint64_t now_us = clock_us();
    int64_t wall_us = clock_wall_us() - (int64_t)(now_us > exemplar->at_us ? now_us - exemplar->at_us : 0);
    buffer_printf(out, " # {trace_id=\"%s\"} ", id);
    metrics_write_number(out, exemplar->value);
    buffer_printf(out, " %lld.%03d", (long long)(wall_us / 1000000), (int)(wall_us / 1000 % 1000));
}

void metrics_write_openmetrics(struct metrics *metrics, struct buffer *out)
{
    static const struct metrics_form form = { write_head, write_bound, write_exemplar };
    metrics_write_form(metrics, &form, out);
    buffer_string(out, "# EOF\n");
}
