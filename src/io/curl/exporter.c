#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/curl/exporter_state.h"
#include "io/curl/gzip.h"
#include "trace/otlp.h"

#define US_PER_MS 1000

size_t exporter_span_count(const struct exporter *exporter)
{
    size_t count = 0;
    for (size_t i = 0; i < EXPORTER_BATCHES; i++)
        count += exporter->batches[i].span_count;
    return count;
}

static struct export_batch *find(struct exporter *exporter, enum export_state state)
{
    for (size_t i = 0; i < EXPORTER_BATCHES; i++)
        if (exporter->batches[i].state == state)
            return &exporter->batches[i];
    return NULL;
}

static bool is_idle(const struct exporter *exporter)
{
    return exporter_span_count(exporter) == 0;
}

/* --- a batch is made --- */

static void on_packed(uv_work_t *work, int status)
{
    struct export_batch *batch = work->data;
    struct exporter *exporter = batch->exporter;
    if (batch->state == EXPORT_PACKING)
        exporter_send(batch);
    gate_leave(&exporter->gate);
}

static void on_worker(uv_work_t *work)
{
    struct export_batch *batch = work->data;
    gzip_append(&batch->packed, buffer_as_text(&batch->message));
}

static void pack(struct export_batch *batch)
{
    batch->state = EXPORT_PACKING;
    buffer_clear(&batch->packed);
    gate_enter(&batch->exporter->gate);
    uv_queue_work(batch->exporter->loop, &batch->packing, on_worker, on_packed);
}

static void encode(struct export_batch *batch)
{
    struct exporter *exporter = batch->exporter;
    uint64_t missed = 0;
    int64_t wall_offset_us = tracer_wall_offset(exporter->tracer, clock_us(), clock_wall_us());
    buffer_clear(&batch->message);
    batch->span_count = otlp_encode(exporter->tracer, &exporter->cursor, (size_t)exporter->config->batch,
                                    buffer_as_text(&exporter->resource), wall_offset_us, &batch->message, &missed);
    batch->tries = 0;
    exporter_drop(exporter, DROPPED_MISSED, missed);
}

static void begin(struct export_batch *batch)
{
    encode(batch);
    if (batch->span_count == 0)
        return;
    if (batch->exporter->config->compression == EXPORTER_COMPRESSION_GZIP)
        pack(batch);
    else
        exporter_send(batch);
}

/* Where the next batch may begin; NULL: nowhere now. */
static struct export_batch *room(struct exporter *exporter)
{
    bool beside = exporter->away_us == 0 && find(exporter, EXPORT_RESTING) == NULL;
    return is_idle(exporter) || beside ? find(exporter, EXPORT_WAITING) : NULL;
}

static uint64_t waiting(const struct exporter *exporter)
{
    return otlp_waiting(exporter->tracer, &exporter->cursor);
}

static void on_delay_over(uv_timer_t *timer)
{
    struct exporter *exporter = timer->data;
    if (waiting(exporter) > 0 && is_idle(exporter))
        begin(find(exporter, EXPORT_WAITING));
}

/* So many do not wait for the delay: where spans come fast, it would be too long for the ring. And a request costs as much as a hundred
 * spans, so none goes out with less than a whole batch before it is time. */
static uint64_t enough(const struct exporter *exporter)
{
    return exporter->flushing ? 1 : (uint64_t)exporter->config->batch;
}

static bool is_flushed(struct exporter *exporter)
{
    if (find(exporter, EXPORT_PACKING) != NULL || find(exporter, EXPORT_SENDING) != NULL)
        return false;
    return find(exporter, EXPORT_RESTING) != NULL || waiting(exporter) == 0;
}

static void on_turn(uv_prepare_t *prepare)
{
    struct exporter *exporter = prepare->data;
    struct export_batch *batch;
    while (waiting(exporter) >= enough(exporter) && (batch = room(exporter)) != NULL)
        begin(batch);
    if (exporter->flushing && is_flushed(exporter))
        exporter_flushed(exporter);
}

/* --- start --- */

static void start_batches(struct exporter *exporter)
{
    for (size_t i = 0; i < EXPORTER_BATCHES; i++) {
        struct export_batch *batch = &exporter->batches[i];
        batch->exporter = exporter;
        batch->rest.data = batch->packing.data = batch;
        uv_timer_init(exporter->loop, &batch->rest);
        gate_enter(&exporter->gate);
    }
}

static void start_handles(struct exporter *exporter)
{
    exporter->delay.data = exporter->each_turn.data = exporter->deadline.data = exporter;
    gate_init(&exporter->gate);
    uv_timer_init(exporter->loop, &exporter->delay);
    uv_prepare_init(exporter->loop, &exporter->each_turn);
    uv_timer_init(exporter->loop, &exporter->deadline);
    for (int i = 0; i < 3; i++)
        gate_enter(&exporter->gate);
    start_batches(exporter);
    exporter->client = http_client_new(exporter->loop);
    gate_enter(&exporter->gate);
    uint64_t delay_ms = exporter->config->delay_us / US_PER_MS;
    uv_timer_start(&exporter->delay, on_delay_over, delay_ms, delay_ms);
    uv_prepare_start(&exporter->each_turn, on_turn);
}

struct exporter *exporter_start(const struct exporter_options *options, struct error *err)
{
    struct http_endpoint *endpoint = exporter_endpoint(options->config, err);
    if (endpoint == NULL)
        return NULL;
    struct exporter *exporter = mem_zalloc(sizeof(*exporter));
    exporter->loop = options->loop;
    exporter->config = options->config;
    exporter->tracer = options->tracer;
    exporter->endpoint = endpoint;
    buffer_text(&exporter->resource, options->resource);
    random_init(&exporter->random);
    exporter_stats_init(exporter, options);
    start_handles(exporter);
    log_info("traces", "spans go to %s", http_endpoint_place(endpoint));
    return exporter;
}
