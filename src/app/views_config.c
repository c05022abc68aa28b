#include "app/views_config.h"

#include "app/views.h"
#include "base/arena.h"
#include "base/metrics.h"

#include <stdio.h>

static const struct config_field view_fields[] = {
    { .name = "name", .type = CONFIG_STRING, .offset = offsetof(struct view_config, name), .required = true, .doc = "The name to expose." },
    { .name = "of",
      .type = CONFIG_STRING,
      .offset = offsetof(struct view_config, of),
      .required = true,
      .doc = "The metric, with or without `millrace_` and `_total`." },
    { .name = "where", .type = CONFIG_MAP, .offset = offsetof(struct view_config, where), .doc = "Only series with these label values." },
    { .name = "labels",
      .type = CONFIG_JSON,
      .offset = offsetof(struct view_config, labels),
      .doc = "A list of the labels to keep; the others are summed over. Without it: all." },
    { .name = "rename",
      .type = CONFIG_MAP,
      .offset = offsetof(struct view_config, rename),
      .doc = "Kept labels that get another name: `{ group: consumergroup }`." },
    { .name = "constants", .type = CONFIG_MAP, .offset = offsetof(struct view_config, constants), .doc = "Labels to add." },
    { .name = "buckets",
      .type = CONFIG_JSON,
      .offset = offsetof(struct view_config, buckets),
      .doc = "A list of ascending upper bounds for a histogram. Without it: the metric's." },
    { .name = "help",
      .type = CONFIG_STRING,
      .offset = offsetof(struct view_config, help),
      .doc = "Its help text. Without it: the metric's." },
    { 0 },
};

static const struct config_schema view_schema = {
    .name = "view",
    .doc = "A metric under another name, with other labels or buckets.",
    .size = sizeof(struct view_config),
    .fields = view_fields,
};

static const struct config_field metrics_fields[] = {
    { .name = "views",
      .type = CONFIG_LIST,
      .offset = offsetof(struct metrics_config, views),
      .schema = &view_schema,
      .doc = "Metrics under other names." },
    { 0 },
};

/* Whether views fit their families and one another is known by the registry: it is asked with one that is thrown away. */
static void check_metrics(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct metrics_config *config = object;
    const struct view_config *views = config->views.items;
    struct metrics *metrics = metrics_new();
    struct arena arena = { 0 };
    for (size_t i = 0; i < config->views.count; i++) {
        char part[32];
        struct error err;
        snprintf(part, sizeof(part), "views.%zu", i);
        if (view_add(&arena, metrics, &views[i], &err) != 0)
            config_mistake_at(report, place, part, "%s", err.message);
    }
    metrics_free(metrics);
    arena_free(&arena);
}

const struct config_schema metrics_schema = { .name = "metrics",
                                              .size = sizeof(struct metrics_config),
                                              .fields = metrics_fields,
                                              .doc = "What /metrics shows besides the canonical names.",
                                              .check = check_metrics };
