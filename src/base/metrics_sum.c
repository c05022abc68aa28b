#include "base/memory.h"
#include "base/metrics_registry.h"

#include <string.h>

/* An exposition only adds up: the series of each view go into the lines of its exposure. */

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

static void take_newer(const struct exemplar **shown, const struct exemplar *found)
{
    if (found->at_us > 0 && (*shown == NULL || found->at_us > (*shown)->at_us))
        *shown = found;
}

/* An exemplar goes where its value lies in the exposure's buckets, as its observation does. */
static void add_exemplars(const struct exposure *exposure, struct line *line, const struct series *series)
{
    size_t count = series->bounds == NULL ? 1 : series->bounds->count + 1;
    if (line->exemplars == NULL)
        line->exemplars = mem_zalloc(exposure_buckets(exposure) * sizeof(*line->exemplars));
    for (size_t i = 0; i < count; i++) {
        size_t into = 0;
        while (into < exposure->bounds.count && series->exemplars[i].value > exposure->bounds.upper[into])
            into++;
        take_newer(&line->exemplars[into], &series->exemplars[i]);
    }
}

static void add_series(const struct exposure *exposure, struct line *line, const struct series *series)
{
    line->value += series->value;
    line->hidden = false;
    if (line->buckets != NULL)
        add_buckets(line, &exposure->bounds, series);
    if (series->exemplars != NULL)
        add_exemplars(exposure, line, series);
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
            memset(line->buckets, 0, exposure_buckets(exposure) * sizeof(*line->buckets));
        if (line->exemplars != NULL)
            memset(line->exemplars, 0, exposure_buckets(exposure) * sizeof(*line->exemplars));
    }
}

/* A line is hidden by the hidden among its series, and shown by any other; one without series, of a view without labels, stands at 0. */
void exposure_add_up(struct exposure *exposure)
{
    list_each(link, &exposure->views)
        view_follow(list_entry(link, struct view, link), exposure);
    clear(exposure);
    list_each(link, &exposure->views)
        hide_lines(exposure, list_entry(link, struct view, link));
    list_each(link, &exposure->views)
        add_view(exposure, list_entry(link, struct view, link));
}
