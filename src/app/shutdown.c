#include "app/shutdown.h"

#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <unistd.h>

static void next_phase(struct shutdown *shutdown);

/* A part of the phase has ended; the phase ends with its last part. */
static void part_ended(void *arg)
{
    struct shutdown *shutdown = arg;
    if (--shutdown->pending == 0)
        next_phase(shutdown);
}

static struct stream *each_stream(struct shutdown *shutdown, size_t i)
{
    return i < shutdown->node->settings->streams.count ? &shutdown->node->streams[i] : NULL;
}

/* --- the phases: each begins its parts and counts them in `pending` --- */

static void on_http_drained(void *arg, unsigned cut)
{
    struct shutdown *shutdown = arg;
    shutdown->cut += cut;
    if (cut > 0)
        log_warn("shutdown", "%u connections were cut with requests unanswered", cut);
    part_ended(shutdown);
}

static void drain_http(struct shutdown *shutdown, uint64_t deadline_us)
{
    shutdown->pending++;
    http_server_drain(shutdown->node->http, (deadline_us - clock_us()) / 1000, on_http_drained, shutdown);
}

static void on_lanes_drained(void *arg, size_t still_running)
{
    struct shutdown *shutdown = arg;
    shutdown->cut += still_running;
    if (still_running > 0)
        log_warn("shutdown", "%zu jobs still run at the end of their time; their records are not committed", still_running);
    part_ended(shutdown);
}

static void drain_lanes(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->work == NULL)
            continue;
        shutdown->pending++;
        work_drain(stream->work, deadline_us, on_lanes_drained, shutdown);
    }
}

static void flush_producers(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    for (size_t i = 0; i < node->settings->producers.count; i++) {
        shutdown->pending++;
        producer_flush(node->producers[i].producer, deadline_us, part_ended, shutdown);
    }
}

static void commit_and_leave(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->work == NULL)
            continue;
        health_remove(&stream->work_check);
        shutdown->pending++;
        work_close(stream->work, part_ended, shutdown);
    }
}

/* A question under way is ended by its reader. */
static void close_watches(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    struct stream *stream;
    if (node->group_reader == NULL)
        return;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->watch == NULL)
            continue;
        shutdown->pending++;
        watch_close(stream->watch, part_ended, shutdown);
    }
    watch_shared_close(&node->watching);
    shutdown->pending++;
    group_reader_close(node->group_reader, part_ended, shutdown);
}

static void close_ingest(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->ingest == NULL)
            continue;
        shutdown->pending++;
        ingest_close(stream->ingest, part_ended, shutdown);
    }
}

static void close_clients(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    for (size_t i = 0; i < node->settings->producers.count; i++) {
        health_remove(&node->producers[i].check);
        shutdown->pending++;
        producer_close(node->producers[i].producer, part_ended, shutdown);
    }
    shutdown->pending++;
    http_server_close(node->http, part_ended, shutdown);
    if (node->redis == NULL)
        return;
    shutdown->pending++;
    redis_close(node->redis, part_ended, shutdown);
}

/* After the producers, whose topics are these. */
static void close_topics(struct shutdown *shutdown, uint64_t deadline_us)
{
    health_remove(&shutdown->node->topics_check);
    shutdown->pending++;
    topics_close(shutdown->node->topics, part_ended, shutdown);
}

static void close_stores(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    work_shared_close(&node->shared);
    producer_stats_close(&node->producer_stats);
    shutdown->pending++;
    pool_close(&node->pool, part_ended, shutdown);
    if (node->embedded == NULL)
        return;
    shutdown->pending++;
    embedded_close(node->embedded, &node->loop, part_ended, shutdown);
}

/* `until` is the part of the whole time that may be over when the phase ends: work gets most of it. */
static const struct phase {
    const char *name;
    void (*begin)(struct shutdown *shutdown, uint64_t deadline_us);
    double until;
} phases[] = {
    { "drain HTTP", drain_http, 0.37 },           { "drain lanes", drain_lanes, 0.75 },
    { "flush producers", flush_producers, 0.85 }, { "commit and leave", commit_and_leave, 0.97 },
    { "close watches", close_watches, 0.98 },     { "close ingest", close_ingest, 0.98 },
    { "close clients", close_clients, 0.99 },     { "close topics", close_topics, 0.99 },
    { "close stores", close_stores, 1 },
};

#define PHASES (sizeof(phases) / sizeof(phases[0]))

static void finish(struct shutdown *shutdown)
{
    loop_monitor_close(&shutdown->node->monitor);
    reload_close(shutdown->reload);
    uv_close((uv_handle_t *)&shutdown->interrupt, NULL);
    uv_close((uv_handle_t *)&shutdown->terminate, NULL);
    uv_close((uv_handle_t *)&shutdown->watchdog, NULL);
    log_info("shutdown", "done in %llu ms", (unsigned long long)((clock_us() - shutdown->started_us) / 1000));
}

/* The guard in `pending` lets parts end within their begin. */
static void next_phase(struct shutdown *shutdown)
{
    if (shutdown->phase == PHASES) {
        finish(shutdown);
        return;
    }
    const struct phase *phase = &phases[shutdown->phase++];
    uint64_t whole = shutdown->deadline_us - shutdown->started_us;
    uint64_t deadline_us = shutdown->started_us + (uint64_t)((double)whole * phase->until);
    uint64_t now = clock_us();
    log_debug("shutdown", "%s", phase->name);
    shutdown->pending = 1;
    phase->begin(shutdown, deadline_us > now ? deadline_us : now);
    part_ended(shutdown);
}

static void on_watchdog(uv_timer_t *timer)
{
    struct shutdown *shutdown = timer->data;
    const char *phase = phases[shutdown->phase - 1].name;
    if (shutdown->cut == 0) {
        log_warn("shutdown", "\"%s\" did not end in time: leaving without it; nothing is lost, but what was not committed is done again",
                 phase);
        _exit(0);
    }
    log_error("shutdown", "\"%s\" did not end in time: leaving without it; %zu requests and jobs were cut", phase, shutdown->cut);
    _exit(1);
}

static void begin(struct shutdown *shutdown, int signum)
{
    struct node *node = shutdown->node;
    log_info("shutdown", "%s: shutting down within %llu s", signum == SIGTERM ? "SIGTERM" : "SIGINT",
             (unsigned long long)(node->settings->shutdown_us / 1000000));
    shutdown->started_us = clock_us();
    shutdown->deadline_us = shutdown->started_us + node->settings->shutdown_us;
    uv_timer_start(&shutdown->watchdog, on_watchdog, node->settings->shutdown_us / 1000, 0);

    health_stop(&node->health);
    http_server_stop_accepting(node->http);
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++)
        if (stream->work != NULL)
            work_stop_fetching(stream->work);
    next_phase(shutdown);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct shutdown *shutdown = handle->data;
    if (shutdown->started_us != 0) {
        log_warn("shutdown", "a second signal: leaving at once; what still ran is not committed");
        _exit(128 + signum);
    }
    begin(shutdown, signum);
}

void shutdown_watch(struct shutdown *shutdown, struct node *node, struct reload *reload)
{
    *shutdown = (struct shutdown){ .node = node, .reload = reload };
    uv_signal_init(&node->loop, &shutdown->interrupt);
    uv_signal_init(&node->loop, &shutdown->terminate);
    uv_timer_init(&node->loop, &shutdown->watchdog);
    shutdown->interrupt.data = shutdown->terminate.data = shutdown->watchdog.data = shutdown;
    uv_signal_start(&shutdown->interrupt, on_signal, SIGINT);
    uv_signal_start(&shutdown->terminate, on_signal, SIGTERM);
}
