/* What ends in each phase of a shutdown. A phase begins its parts and counts them in `pending`; each calls shutdown_part_ended. */
#include "app/shutdown.h"

#include "base/clock.h"
#include "base/log.h"

static struct stream *each_stream(struct shutdown *shutdown, size_t i)
{
    return i < shutdown->node->settings->streams.count ? &shutdown->node->streams[i] : NULL;
}

static void on_http_drained(void *arg, unsigned cut)
{
    struct shutdown *shutdown = arg;
    shutdown->cut += cut;
    if (cut > 0)
        log_warn("shutdown", "%u connections were cut with requests unanswered", cut);
    shutdown_part_ended(shutdown);
}

static void drain_http(struct shutdown *shutdown, uint64_t deadline_us)
{
    shutdown->pending++;
    profiler_close(&shutdown->node->profiler, shutdown_part_ended, shutdown); /* its client is answered with what there is */
    shutdown->pending++;
    http_server_drain(shutdown->node->http, (deadline_us - clock_us()) / 1000, on_http_drained, shutdown);
}

static void on_lanes_drained(void *arg, size_t still_running)
{
    struct shutdown *shutdown = arg;
    shutdown->cut += still_running;
    if (still_running > 0)
        log_warn("shutdown", "%zu jobs still run at the end of their time; their records are not committed", still_running);
    shutdown_part_ended(shutdown);
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
        producer_flush(node->producers[i].producer, deadline_us, shutdown_part_ended, shutdown);
    }
}

static void commit_and_leave(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->work == NULL)
            continue;
        health_remove(&stream->work_check.check);
        if (stream->dead_topic != NULL || stream->output_topic != NULL)
            health_remove(&stream->publishing_check.check);
        shutdown->pending++;
        work_close(stream->work, deadline_us, shutdown_part_ended, shutdown);
    }
}

/* A collector that hangs holds nobody up longer than that. */
#define TRACES_FLUSH_US 2000000

static void flush_traces(struct shutdown *shutdown, uint64_t deadline_us)
{
    if (shutdown->node->exporter == NULL)
        return;
    uint64_t soon_us = clock_us() + TRACES_FLUSH_US;
    shutdown->pending++;
    exporter_flush(shutdown->node->exporter, soon_us < deadline_us ? soon_us : deadline_us, shutdown_part_ended, shutdown);
}

static void close_watches(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->watch == NULL)
            continue;
        shutdown->pending++;
        watch_close(stream->watch, shutdown_part_ended, shutdown);
    }
    watch_shared_close(&node->watching);
}

static void close_ingest(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct stream *stream;
    for (size_t i = 0; (stream = each_stream(shutdown, i)) != NULL; i++) {
        if (stream->ingest == NULL)
            continue;
        if (stream->config->ingest.limit.rate > 0)
            health_remove(&stream->limiter_check.check);
        shutdown->pending++;
        ingest_close(stream->ingest, shutdown_part_ended, shutdown);
    }
}

static void close_clients(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    for (size_t i = 0; i < node->settings->producers.count; i++) {
        health_remove(&node->producers[i].check);
        shutdown->pending++;
        producer_close(node->producers[i].producer, shutdown_part_ended, shutdown);
    }
    shutdown->pending++;
    http_server_close(node->http, shutdown_part_ended, shutdown);
    if (node->exporter != NULL) {
        shutdown->pending++;
        exporter_close(node->exporter, shutdown_part_ended, shutdown);
    }
    if (node->redis == NULL)
        return;
    shutdown->pending++;
    redis_close(node->redis, shutdown_part_ended, shutdown);
}

/* After the producers, whose topics are these. */
static void close_topics(struct shutdown *shutdown, uint64_t deadline_us)
{
    health_remove(&shutdown->node->topics_check);
    shutdown->pending++;
    topics_close(shutdown->node->topics, shutdown_part_ended, shutdown);
}

static void close_stores(struct shutdown *shutdown, uint64_t deadline_us)
{
    struct node *node = shutdown->node;
    work_shared_close(&node->shared);
    producer_stats_close(&node->producer_stats);
    statistics_close(&node->statistics);
    shutdown->pending++;
    pool_close(&node->pool, shutdown_part_ended, shutdown);
    if (node->embedded == NULL)
        return;
    shutdown->pending++;
    embedded_close(node->embedded, &node->loop, shutdown_part_ended, shutdown);
}

const struct shutdown_phase shutdown_phases[] = {
    { "drain HTTP", drain_http, 0.37 },
    { "drain lanes", drain_lanes, 0.75 },
    { "flush producers", flush_producers, 0.85 },
    { "commit and leave", commit_and_leave, 0.97 },
    { "flush traces", flush_traces, 0.98 },
    { "close watches", close_watches, 0.98 },
    { "close ingest", close_ingest, 0.98 },
    { "close clients", close_clients, 0.99 },
    { "close topics", close_topics, 0.99 },
    { "close stores", close_stores, 1 },
    { NULL },
};
