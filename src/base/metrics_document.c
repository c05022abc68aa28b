#include "base/metrics_registry.h"

/* docs/metrics.md */

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

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
        metrics_write_number(out, bounds->upper[i]);
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
