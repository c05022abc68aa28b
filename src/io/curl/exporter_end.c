#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/curl/exporter_state.h"
#include "trace/otlp.h"

#include <assert.h>

#define US_PER_MS 1000

/* A call may be ended by this: its callback finds that all is said. */
static void enter_end(struct exporter *exporter)
{
    exporter->ended = true;
    uv_timer_stop(&exporter->delay);
    uv_timer_stop(&exporter->deadline);
    uv_prepare_stop(&exporter->each_turn);
    for (size_t i = 0; i < EXPORTER_BATCHES; i++) {
        struct export_batch *batch = &exporter->batches[i];
        batch->state = EXPORT_WAITING;
        uv_timer_stop(&batch->rest);
        if (batch->call != NULL)
            http_call_cancel(batch->call);
    }
}

static void drop_rest(struct exporter *exporter)
{
    uint64_t rest = exporter_span_count(exporter) + otlp_waiting(exporter->tracer, &exporter->cursor);
    for (size_t i = 0; i < EXPORTER_BATCHES; i++)
        exporter->batches[i].span_count = 0;
    exporter_drop(exporter, DROPPED_SHUTDOWN, rest);
    if (rest > 0)
        log_warn("traces", "the last %llu spans were not exported: %s", (unsigned long long)rest,
                 exporter->away_us == 0 ? "time was over" : exporter->reason);
}

void exporter_flushed(struct exporter *exporter)
{
    enter_end(exporter);
    drop_rest(exporter);
    exporter->flushed(exporter->flushed_arg);
}

static void on_deadline(uv_timer_t *timer)
{
    exporter_flushed(timer->data);
}

static void cut_rest(struct export_batch *batch)
{
    if (batch->state != EXPORT_RESTING)
        return;
    uv_timer_stop(&batch->rest);
    exporter_send(batch);
}

void exporter_flush(struct exporter *exporter, uint64_t deadline_us, void (*done)(void *arg), void *arg)
{
    assert(!exporter->flushing && !exporter->ended);
    uint64_t now_us = clock_us();
    exporter->flushing = true;
    exporter->flushed = done;
    exporter->flushed_arg = arg;
    uv_timer_start(&exporter->deadline, on_deadline, deadline_us > now_us ? (deadline_us - now_us) / US_PER_MS : 0, 0);
    for (size_t i = 0; i < EXPORTER_BATCHES; i++)
        cut_rest(&exporter->batches[i]);
}

static void on_all_gone(void *arg)
{
    struct exporter *exporter = arg;
    void (*closed)(void *arg) = exporter->closed;
    void *closed_arg = exporter->closed_arg;
    http_endpoint_free(exporter->endpoint);
    buffer_free(&exporter->resource);
    for (size_t i = 0; i < EXPORTER_BATCHES; i++) {
        buffer_free(&exporter->batches[i].message);
        buffer_free(&exporter->batches[i].packed);
    }
    mem_free(exporter);
    closed(closed_arg);
}

static void leave_gate(void *arg)
{
    struct exporter *exporter = arg;
    gate_leave(&exporter->gate);
}

static void on_handle_closed(uv_handle_t *handle)
{
    leave_gate(handle->data);
}

static void on_rest_closed(uv_handle_t *handle)
{
    const struct export_batch *batch = handle->data;
    leave_gate(batch->exporter);
}

void exporter_close(struct exporter *exporter, void (*closed)(void *arg), void *arg)
{
    exporter->closed = closed;
    exporter->closed_arg = arg;
    enter_end(exporter);
    stats_remove(&exporter->section);
    for (size_t i = 0; i < EXPORTER_BATCHES; i++)
        uv_close((uv_handle_t *)&exporter->batches[i].rest, on_rest_closed);
    uv_close((uv_handle_t *)&exporter->delay, on_handle_closed);
    uv_close((uv_handle_t *)&exporter->each_turn, on_handle_closed);
    uv_close((uv_handle_t *)&exporter->deadline, on_handle_closed);
    http_client_close(exporter->client, leave_gate, exporter);
    gate_close(&exporter->gate, on_all_gone, exporter);
}
