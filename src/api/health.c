#include "api/health.h"

#include "base/stats.h"

static bool is_well(const struct health_check *check, struct error *err)
{
    *err = (struct error){ 0 };
    return check->ready(check->arg, err);
}

/* As whoever asks /readyz at this moment would be answered. */
static void collect(void *arg)
{
    const struct health *health = arg;
    bool ready = !health->stopping;
    struct error err;
    list_each(link, &health->checks) {
        const struct health_check *check = list_entry(link, struct health_check, link);
        bool well = is_well(check, &err);
        ready = ready && well;
        metric_set(check->series, well);
    }
    metric_set(metric(health->metrics, METRIC_READY), ready);
}

void health_init(struct health *health, struct metrics *metrics)
{
    *health = (struct health){ .metrics = metrics };
    list_init(&health->checks);
    list_init(&health->life_checks);
    metrics_on_collect(metrics, collect, health);
}

void health_add(struct health *health, struct health_check *check)
{
    check->series = metric(health->metrics, METRIC_READY_CHECK, check->name);
    list_push(&health->checks, &check->link);
}

void health_add_life(struct health *health, struct health_check *check)
{
    list_push(&health->life_checks, &check->link);
}

bool health_alive(const struct health *health, struct error *err)
{
    list_each(link, &health->life_checks) {
        const struct health_check *check = list_entry(link, struct health_check, link);
        if (!check->ready(check->arg, err))
            return false;
    }
    return true;
}

void health_remove(struct health_check *check)
{
    list_remove(&check->link);
    if (check->series != NULL)
        metric_hide(check->series);
}

void health_stop(struct health *health)
{
    health->stopping = true;
}

yyjson_mut_val *health_report(struct health *health, yyjson_mut_doc *doc, bool *ready)
{
    yyjson_mut_val *checks = yyjson_mut_obj(doc);
    *ready = !health->stopping;
    if (health->stopping)
        yyjson_mut_obj_add_str(doc, checks, "shutdown", "the process is shutting down");
    list_each(link, &health->checks) {
        struct health_check *check = list_entry(link, struct health_check, link);
        struct error err;
        bool well = is_well(check, &err);
        *ready = *ready && well;
        stats_add_text(doc, checks, check->name, text_of(well ? "ok" : err.message));
    }
    yyjson_mut_val *report = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, report, "status", *ready ? "ready" : "not ready");
    yyjson_mut_obj_add_val(doc, report, "checks", checks);
    return report;
}
