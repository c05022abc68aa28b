#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "watch/watch_parts.h"

#include <string.h>

static void count(const struct watch *watch, const char *result)
{
    metric_add(metric(watch->options.shared->metrics, METRIC_WATCH_POLLS, watch->options.stream, result), 1);
}

static void keep(struct watch *watch, const struct group_reading *reading)
{
    size_t bytes = reading->partition_count * sizeof(*watch->partitions);
    watch->partitions = mem_realloc(watch->partitions, bytes + 1);
    memcpy(watch->partitions, reading->partitions, bytes);
    watch->reading = *reading;
    watch->reading.partitions = watch->partitions;
    watch->read_wall_us = clock_wall_us();
}

/* One failure is told by the next: at the start a broker may need longer than the first question waits. */
enum { FAILURES_TOLD = 2 };

enum { AGAIN_MS = 5000 };

static void on_timer(uv_timer_t *timer);

/* What is asked once an hour is not left unknown for one. */
static void ask_again_soon(struct watch *watch)
{
    uint64_t every_ms = uv_timer_get_repeat(&watch->timer);
    uv_timer_start(&watch->timer, on_timer, every_ms < AGAIN_MS ? every_ms : AGAIN_MS, every_ms);
}

static void on_failure(struct watch *watch, const struct error *err)
{
    watch->away = *err;
    watch->failures++;
    ask_again_soon(watch);
    count(watch, "failed");
    if (watch->failures == FAILURES_TOLD)
        log_warn("watch", "%s: %s", watch->options.stream, err->message);
}

static void on_success(struct watch *watch, const struct group_reading *reading)
{
    if (watch->failures >= FAILURES_TOLD)
        log_info("watch", "%s: group %s could be asked again", watch->options.stream, watch->options.group);
    watch->failures = 0;
    count(watch, "answered");
    keep(watch, reading);
}

static void on_reading(void *arg, const struct group_reading *reading, const struct error *err)
{
    struct watch *watch = arg;
    watch->asking = false;
    if (watch->gate.closing)
        return;
    if (reading != NULL)
        on_success(watch, reading);
    else
        on_failure(watch, err);
    watch_tell(watch);
}

static void on_timer(uv_timer_t *timer)
{
    struct watch *watch = timer->data;
    struct error err;
    if (watch->asking)
        return;
    if (group_reader_ask(watch->reader, on_reading, watch, &err) != 0) {
        on_failure(watch, &err);
        watch_tell(watch);
        return;
    }
    watch->asking = true;
}

struct watch *watch_start(const struct watch_options *options, struct error *err)
{
    struct group_reader *reader = group_reader_open(options->shared->loop, &options->target, options->group, options->topic, err);
    if (reader == NULL)
        return NULL;
    struct watch *watch = mem_zalloc(sizeof(*watch));
    uint64_t every_ms = options->config->every_us / 1000;
    watch->options = *options;
    watch->reader = reader;
    gate_init(&watch->gate);
    list_push(&options->shared->watches, &watch->link);
    uv_timer_init(options->shared->loop, &watch->timer);
    watch->timer.data = watch;
    uv_timer_start(&watch->timer, on_timer, every_ms < 1000 ? every_ms : 1000, every_ms);
    metric_set(metric(options->shared->metrics, METRIC_WATCH_INTERVAL, options->stream), (double)every_ms / 1000);
    return watch;
}

/* --- the end --- */

struct ending {
    struct watch *watch;
    void (*closed)(void *arg);
    void *arg;
};

static void on_all_closed(void *arg)
{
    struct ending *ending = arg;
    mem_free(ending->watch->partitions);
    mem_free(ending->watch);
    ending->closed(ending->arg);
    mem_free(ending);
}

static void on_reader_closed(void *arg)
{
    struct watch *watch = arg;
    gate_leave(&watch->gate);
}

static void on_timer_closed(uv_handle_t *timer)
{
    struct watch *watch = timer->data;
    gate_leave(&watch->gate);
}

void watch_close(struct watch *watch, void (*closed)(void *arg), void *arg)
{
    struct ending *ending = mem_alloc(sizeof(*ending));
    *ending = (struct ending){ watch, closed, arg };
    list_remove(&watch->link);
    gate_enter(&watch->gate); /* the timer */
    gate_enter(&watch->gate); /* the reader */
    gate_close(&watch->gate, on_all_closed, ending);
    uv_close((uv_handle_t *)&watch->timer, on_timer_closed);
    group_reader_close(watch->reader, on_reader_closed, watch);
}

void watch_shared_init(struct watch_shared *shared, uv_loop_t *loop, struct metrics *metrics, struct stats *stats)
{
    *shared = (struct watch_shared){ .loop = loop, .metrics = metrics };
    list_init(&shared->watches);
    watch_section_add(shared, stats);
}

void watch_shared_close(struct watch_shared *shared)
{
    stats_remove(&shared->section);
}
