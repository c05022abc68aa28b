#include "app/views.h"

#include <string.h>

/* Lists of a view are turned from the configuration's form into the registry's. */

static const struct metric_label *labels_of(struct arena *arena, const struct config_list *pairs)
{
    struct metric_label *labels = arena_alloc(arena, (pairs->count + 1) * sizeof(*labels));
    const struct config_pair *items = pairs->items;
    for (size_t i = 0; i < pairs->count; i++)
        labels[i] = (struct metric_label){ items[i].name, items[i].value };
    return labels;
}

static int names_of(struct arena *arena, const yyjson_val *json, struct metric_view *view, struct error *err)
{
    if (json == NULL)
        return 0;
    if (!yyjson_is_arr((yyjson_val *)json))
        return error_set(err, E_INVALID, "labels: found no list; allowed: a list of label names");
    const char **names = arena_alloc(arena, (yyjson_arr_size((yyjson_val *)json) + 1) * sizeof(*names));
    size_t i, max;
    yyjson_val *item;
    view->labels = names;
    yyjson_arr_foreach((yyjson_val *)json, i, max, item) {
        if (!yyjson_is_str(item))
            return error_set(err, E_INVALID, "labels: found an item that is no name; allowed: a list of label names");
        names[view->label_count++] = yyjson_get_str(item);
    }
    return 0;
}

static int bounds_of(struct arena *arena, const yyjson_val *json, struct metric_view *view, struct error *err)
{
    if (json == NULL)
        return 0;
    if (!yyjson_is_arr((yyjson_val *)json))
        return error_set(err, E_INVALID, "buckets: found no list; allowed: a list of ascending numbers");
    double *bounds = arena_alloc(arena, (yyjson_arr_size((yyjson_val *)json) + 1) * sizeof(*bounds));
    size_t i, max;
    yyjson_val *item;
    view->buckets = bounds;
    yyjson_arr_foreach((yyjson_val *)json, i, max, item) {
        if (!yyjson_is_num(item))
            return error_set(err, E_INVALID, "buckets: found an item that is no number; allowed: a list of ascending numbers");
        bounds[view->bucket_count++] = yyjson_get_num(item);
    }
    return 0;
}

int view_add(struct arena *arena, struct metrics *metrics, const struct view_config *config, struct error *err)
{
    struct metric_view view = {
        .name = config->name,
        .of = config->of,
        .where = labels_of(arena, &config->where),
        .where_count = config->where.count,
        .renames = labels_of(arena, &config->rename),
        .rename_count = config->rename.count,
        .constants = labels_of(arena, &config->constants),
        .constant_count = config->constants.count,
        .help = config->help,
    };
    int code = names_of(arena, config->labels, &view, err);
    if (code == 0)
        code = bounds_of(arena, config->buckets, &view, err);
    return code != 0 ? code : metrics_add_view(metrics, &view, err);
}

int views_add(struct arena *arena, struct metrics *metrics, const struct metrics_config *config, struct error *err)
{
    const struct view_config *views = config->views.items;
    for (size_t i = 0; i < config->views.count; i++)
        if (view_add(arena, metrics, &views[i], err) != 0)
            return error_wrap(err, "metrics.views[%zu] %s", i, views[i].name);
    return 0;
}
