#include "app/loop_monitor.h"

#define NS_PER_US 1000
#define NS_PER_S  1e9

static void on_turn(uv_prepare_t *prepare)
{
    struct loop_monitor *monitor = prepare->data;
    uint64_t now = uv_hrtime();
    uint64_t idle = uv_metrics_idle_time(prepare->loop);
    uint64_t busy = (now - monitor->last_ns) - (idle - monitor->last_idle_ns);
    monitor->last_ns = now;
    monitor->last_idle_ns = idle;
    monitor->turn_count++;
    histogram_record(&monitor->turns, busy / NS_PER_US);
    metric_observe(monitor->turn_series, (double)busy / NS_PER_S);
}

static void on_second(uv_timer_t *timer)
{
    struct loop_monitor *monitor = timer->data;
    uint64_t now = uv_hrtime();
    uint64_t idle = uv_metrics_idle_time(timer->loop);
    double waited = (double)(idle - monitor->second_idle_ns) / (double)(now - monitor->second_ns);
    monitor->utilization = waited > 1 ? 0 : 1 - waited;
    monitor->second_ns = now;
    monitor->second_idle_ns = idle;
    metric_set(monitor->utilization_series, monitor->utilization);
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    const struct loop_monitor *monitor = arg;
    yyjson_mut_val *section = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_real(doc, section, "utilization", monitor->utilization);
    yyjson_mut_obj_add_uint(doc, section, "turns", monitor->turn_count);
    yyjson_mut_obj_add_uint(doc, section, "turn_p50_us", histogram_quantile(&monitor->turns, 0.5));
    yyjson_mut_obj_add_uint(doc, section, "turn_p99_us", histogram_quantile(&monitor->turns, 0.99));
    yyjson_mut_obj_add_uint(doc, section, "turn_max_us", monitor->turns.max_us);
    yyjson_mut_obj_add_uint(doc, section, "handles", monitor->prepare.loop->active_handles);
    return section;
}

void loop_monitor_start(struct loop_monitor *monitor, uv_loop_t *loop, struct metrics *metrics, struct stats *stats)
{
    uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    *monitor = (struct loop_monitor){
        .turn_series = metric(metrics, METRIC_LOOP_TURN),
        .utilization_series = metric(metrics, METRIC_LOOP_UTILIZATION),
        .last_ns = uv_hrtime(),
        .section = { .name = "loop", .summary = "How busy the event loop is.", .fill = fill, .arg = monitor },
    };
    monitor->second_ns = monitor->last_ns;
    histogram_reset(&monitor->turns);
    uv_prepare_init(loop, &monitor->prepare);
    uv_timer_init(loop, &monitor->second);
    monitor->prepare.data = monitor->second.data = monitor;
    uv_prepare_start(&monitor->prepare, on_turn);
    uv_timer_start(&monitor->second, on_second, 1000, 1000);
    uv_unref((uv_handle_t *)&monitor->prepare);
    uv_unref((uv_handle_t *)&monitor->second);
    stats_add(stats, &monitor->section);
}

void loop_monitor_close(struct loop_monitor *monitor)
{
    stats_remove(&monitor->section);
    uv_close((uv_handle_t *)&monitor->prepare, NULL);
    uv_close((uv_handle_t *)&monitor->second, NULL);
}
