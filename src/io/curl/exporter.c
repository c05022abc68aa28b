#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/retry.h"
#include "io/curl/exporter_state.h"
#include "io/curl/gzip.h"
#include "io/curl/partial_success.h"
#include "trace/otlp.h"

#define US_PER_MS 1000
#define US_PER_S  1000000

/* A batch is sent six times at most: a collector that starts anew has about half a minute. */
static const struct retry_policy retry_policy = { .retries = 5, .base_us = US_PER_S, .max_us = 8 * US_PER_S, .jitter_us = US_PER_S };

/* A server may ask for more patience than that, but not for ever. */
#define RETRY_AFTER_MAX_US (60 * (uint64_t)US_PER_S)

static void wait_for_spans(struct exporter *exporter);

/* --- a batch is made --- */

static void on_packed(uv_work_t *work, int status)
{
    struct exporter *exporter = work->data;
    if (exporter->state == EXPORTER_PACKING)
        exporter_send(exporter);
    gate_leave(&exporter->gate);
}

static void on_worker(uv_work_t *work)
{
    struct exporter *exporter = work->data;
    gzip_append(&exporter->packed, buffer_as_text(&exporter->message));
}

static void pack(struct exporter *exporter)
{
    exporter->state = EXPORTER_PACKING;
    buffer_clear(&exporter->packed);
    gate_enter(&exporter->gate);
    uv_queue_work(exporter->loop, &exporter->packing, on_worker, on_packed);
}

static void encode(struct exporter *exporter)
{
    uint64_t missed = 0;
    int64_t wall_offset_us = tracer_wall_offset(exporter->tracer, clock_us(), clock_wall_us());
    buffer_clear(&exporter->message);
    exporter->span_count = otlp_encode(exporter->tracer, &exporter->cursor, (size_t)exporter->config->batch,
                                       buffer_as_text(&exporter->resource), wall_offset_us, &exporter->message, &missed);
    exporter->tries = 0;
    exporter_drop(exporter, DROPPED_MISSED, missed);
}

void exporter_begin_batch(struct exporter *exporter)
{
    encode(exporter);
    if (exporter->span_count == 0) {
        exporter_end_batch(exporter);
        return;
    }
    uv_prepare_stop(&exporter->each_turn);
    uv_timer_stop(&exporter->timer);
    if (exporter->config->compression == EXPORTER_COMPRESSION_GZIP)
        pack(exporter);
    else
        exporter_send(exporter);
}

static void on_delay_over(uv_timer_t *timer)
{
    exporter_begin_batch(timer->data);
}

/* Where spans come fast, the delay would be too long for the ring. */
static void on_turn(uv_prepare_t *prepare)
{
    struct exporter *exporter = prepare->data;
    if (otlp_waiting(exporter->tracer, &exporter->cursor) >= ((uint64_t)exporter->config->batch + 1) / 2)
        exporter_begin_batch(exporter);
}

static void wait_for_spans(struct exporter *exporter)
{
    exporter->state = EXPORTER_WAITING;
    uv_prepare_start(&exporter->each_turn, on_turn);
    uv_timer_start(&exporter->timer, on_delay_over, exporter->config->delay_us / US_PER_MS, 0);
}

/* --- a batch is sent --- */

static bool means_later(const struct http_answer *answer)
{
    return answer->code != 0 || answer->status == 429 || answer->status == 502 || answer->status == 503 || answer->status == 504;
}

static void on_rest_over(uv_timer_t *timer)
{
    exporter_send(timer->data);
}

static void rest(struct exporter *exporter, uint64_t retry_after_us)
{
    uint64_t rest_us = retry_delay_us(&retry_policy, exporter->failures, &exporter->random);
    if (retry_after_us > 0)
        rest_us = retry_after_us < RETRY_AFTER_MAX_US ? retry_after_us : RETRY_AFTER_MAX_US;
    exporter->state = EXPORTER_RESTING;
    uv_timer_start(&exporter->timer, on_rest_over, rest_us / US_PER_MS, 0);
}

/* A flush has no time for a second try. */
static void on_not_now(struct exporter *exporter, const struct http_answer *answer)
{
    exporter_note_result(exporter, EXPORT_UNAVAILABLE);
    if (answer->code != 0)
        exporter_note_away(exporter, "%s", answer->reason);
    else
        exporter_note_away(exporter, "it answers %u", answer->status);

    if (exporter->flushing) {
        exporter_flushed(exporter);
    } else if (exporter->tries <= retry_policy.retries) {
        rest(exporter, answer->retry_after_us);
    } else {
        exporter_drop(exporter, DROPPED_UNAVAILABLE, exporter->span_count);
        exporter_end_batch(exporter);
    }
}

static void on_refused(struct exporter *exporter, const struct http_answer *answer)
{
    exporter_note_result(exporter, EXPORT_REFUSED);
    exporter_note_away(exporter, "it answers %u", answer->status);
    exporter_drop(exporter, DROPPED_REFUSED, exporter->span_count);
    exporter_end_batch(exporter);
}

static void on_taken(struct exporter *exporter, const struct http_answer *answer)
{
    uint64_t rejected = partial_success_rejected(answer->body);
    if (rejected > exporter->span_count)
        rejected = exporter->span_count;
    exporter_note_result(exporter, EXPORT_TAKEN);
    exporter_note_back(exporter);
    exporter_drop(exporter, DROPPED_REJECTED, rejected);
    metric_add(exporter->exported, (double)(exporter->span_count - rejected));
    exporter_end_batch(exporter);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct exporter *exporter = arg;
    exporter->call = NULL;
    if (exporter->state != EXPORTER_SENDING)
        return;
    if (means_later(answer))
        on_not_now(exporter, answer);
    else if (answer->status >= 200 && answer->status < 300)
        on_taken(exporter, answer);
    else
        on_refused(exporter, answer);
}

void exporter_send(struct exporter *exporter)
{
    bool packed = exporter->config->compression == EXPORTER_COMPRESSION_GZIP;
    exporter->state = EXPORTER_SENDING;
    exporter->tries++;
    exporter->sent_us = clock_us();
    exporter->call = http_client_post(exporter->client, exporter->endpoint, buffer_as_text(packed ? &exporter->packed : &exporter->message),
                                      on_answer, exporter);
}

void exporter_end_batch(struct exporter *exporter)
{
    exporter->span_count = 0;
    bool more = otlp_waiting(exporter->tracer, &exporter->cursor) > 0;
    if (!exporter->flushing)
        wait_for_spans(exporter);
    else if (more)
        exporter_begin_batch(exporter);
    else
        exporter_flushed(exporter);
}

/* --- start --- */

static void start_handles(struct exporter *exporter)
{
    exporter->timer.data = exporter->each_turn.data = exporter->deadline.data = exporter->packing.data = exporter;
    gate_init(&exporter->gate);
    uv_timer_init(exporter->loop, &exporter->timer);
    uv_prepare_init(exporter->loop, &exporter->each_turn);
    uv_timer_init(exporter->loop, &exporter->deadline);
    for (int i = 0; i < 3; i++)
        gate_enter(&exporter->gate);
    exporter->client = http_client_new(exporter->loop);
    gate_enter(&exporter->gate);
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
    wait_for_spans(exporter);
    log_info("traces", "spans go to %s", http_endpoint_place(endpoint));
    return exporter;
}
