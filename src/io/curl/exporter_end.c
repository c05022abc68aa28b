#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/curl/exporter_state.h"
#include "trace/otlp.h"

#include <assert.h>

#define US_PER_MS 1000

/* Any state -> ENDED. The call may be ended by this: its callback finds that all is said. */
static void enter_end(struct exporter *exporter)
{
    exporter->state = EXPORTER_ENDED;
    uv_timer_stop(&exporter->timer);
    uv_timer_stop(&exporter->deadline);
    uv_prepare_stop(&exporter->each_turn);
    if (exporter->call != NULL)
        http_call_cancel(exporter->call);
}

static void drop_rest(struct exporter *exporter)
{
    uint64_t rest = exporter->span_count + otlp_waiting(exporter->tracer, &exporter->cursor);
    exporter->span_count = 0;
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

void exporter_flush(struct exporter *exporter, uint64_t deadline_us, void (*done)(void *arg), void *arg)
{
    assert(!exporter->flushing && exporter->state != EXPORTER_ENDED);
    uint64_t now_us = clock_us();
    exporter->flushing = true;
    exporter->flushed = done;
    exporter->flushed_arg = arg;
    uv_timer_stop(&exporter->timer); /* neither waits nor rests from now on */
    uv_timer_start(&exporter->deadline, on_deadline, deadline_us > now_us ? (deadline_us - now_us) / US_PER_MS : 0, 0);
    if (exporter->state == EXPORTER_WAITING)
        exporter_end_batch(exporter); /* there is none: on with the next one */
    else if (exporter->state == EXPORTER_RESTING)
        exporter_send(exporter);
}

static void on_all_gone(void *arg)
{
    struct exporter *exporter = arg;
    void (*closed)(void *arg) = exporter->closed;
    void *closed_arg = exporter->closed_arg;
    http_endpoint_free(exporter->endpoint);
    buffer_free(&exporter->resource);
    buffer_free(&exporter->message);
    buffer_free(&exporter->packed);
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

void exporter_close(struct exporter *exporter, void (*closed)(void *arg), void *arg)
{
    exporter->closed = closed;
    exporter->closed_arg = arg;
    enter_end(exporter);
    stats_remove(&exporter->section);
    uv_close((uv_handle_t *)&exporter->timer, on_handle_closed);
    uv_close((uv_handle_t *)&exporter->each_turn, on_handle_closed);
    uv_close((uv_handle_t *)&exporter->deadline, on_handle_closed);
    http_client_close(exporter->client, leave_gate, exporter);
    gate_close(&exporter->gate, on_all_gone, exporter);
}
