#include "base/log.h"
#include "base/metrics.h"

static void collect(void *arg)
{
    struct metrics *metrics = arg;
    struct log_counts counts;
    log_count(&counts);
    for (int level = 0; level < LOG_LEVELS; level++)
        metric_set(metric(metrics, METRIC_LOG_LINES, log_level_name((enum log_level)level)), (double)counts.lines[level]);
    metric_set(metric(metrics, METRIC_LOG_LEFT_OUT), (double)counts.left_out);
    metric_set(metric(metrics, METRIC_LOG_LOST, "full"), (double)counts.lost_full);
    metric_set(metric(metrics, METRIC_LOG_LOST, "failed"), (double)counts.lost_failed);
}

void metrics_add_log(struct metrics *metrics)
{
    metrics_on_collect(metrics, collect, metrics);
}
