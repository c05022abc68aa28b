#include "base/clock.h"
#include "core/retry.h"
#include "io/curl/exporter_state.h"
#include "io/curl/partial_success.h"

#define US_PER_MS 1000
#define US_PER_S  1000000

/* A batch is sent six times at most: a collector that starts anew has about half a minute. */
static const struct retry_policy retry_policy = { .retries = 5, .base_us = US_PER_S, .max_us = 8 * US_PER_S, .jitter_us = US_PER_S };

/* A server may ask for more patience than that, but not for ever. */
#define RETRY_AFTER_MAX_US (60 * (uint64_t)US_PER_S)

static bool means_later(const struct http_answer *answer)
{
    return answer->code != 0 || answer->status == 429 || answer->status == 502 || answer->status == 503 || answer->status == 504;
}

static void end(struct export_batch *batch)
{
    batch->state = EXPORT_WAITING;
    batch->span_count = 0;
}

static void on_rest_over(uv_timer_t *timer)
{
    exporter_send(timer->data);
}

/* A flush has no time for a second try: what rests then is lost with its end. */
static void rest(struct export_batch *batch, uint64_t retry_after_us)
{
    struct exporter *exporter = batch->exporter;
    uint64_t rest_us = retry_delay_us(&retry_policy, exporter->failures, &exporter->random);
    if (retry_after_us > 0)
        rest_us = retry_after_us < RETRY_AFTER_MAX_US ? retry_after_us : RETRY_AFTER_MAX_US;
    batch->state = EXPORT_RESTING;
    if (!exporter->flushing)
        uv_timer_start(&batch->rest, on_rest_over, rest_us / US_PER_MS, 0);
}

/* What was sent before the last failure was known tells nothing new. */
static void count_failure(const struct export_batch *batch)
{
    struct exporter *exporter = batch->exporter;
    if (batch->sent_us < exporter->failed_us)
        return;
    exporter->failures++;
    exporter->failed_us = clock_us();
}

static void on_not_now(struct export_batch *batch, const struct http_answer *answer)
{
    struct exporter *exporter = batch->exporter;
    exporter_note_result(batch, EXPORT_UNAVAILABLE);
    count_failure(batch);
    if (answer->code != 0)
        exporter_note_away(exporter, "%s", answer->reason);
    else
        exporter_note_away(exporter, "it answers %u", answer->status);

    if (exporter->flushing || batch->tries <= retry_policy.retries) {
        rest(batch, answer->retry_after_us);
    } else {
        exporter_drop(exporter, DROPPED_UNAVAILABLE, batch->span_count);
        end(batch);
    }
}

static void on_refused(struct export_batch *batch, const struct http_answer *answer)
{
    exporter_note_result(batch, EXPORT_REFUSED);
    count_failure(batch);
    exporter_note_away(batch->exporter, "it answers %u", answer->status);
    exporter_drop(batch->exporter, DROPPED_REFUSED, batch->span_count);
    end(batch);
}

static void on_taken(struct export_batch *batch, const struct http_answer *answer)
{
    struct exporter *exporter = batch->exporter;
    struct partial_success told = partial_success_read(answer->body);
    uint64_t rejected = told.rejected < batch->span_count ? told.rejected : batch->span_count;
    exporter_note_result(batch, EXPORT_TAKEN);
    exporter_note_back(exporter);
    if (rejected > 0 || told.message.data != NULL)
        exporter_note_rejected(exporter, rejected, told.message);
    exporter_drop(exporter, DROPPED_REJECTED, rejected);
    metric_add(exporter->exported, (double)(batch->span_count - rejected));
    end(batch);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct export_batch *batch = arg;
    batch->call = NULL;
    if (batch->state != EXPORT_SENDING)
        return;
    if (means_later(answer))
        on_not_now(batch, answer);
    else if (answer->status >= 200 && answer->status < 300)
        on_taken(batch, answer);
    else
        on_refused(batch, answer);
}

void exporter_send(struct export_batch *batch)
{
    struct exporter *exporter = batch->exporter;
    bool packed = exporter->config->compression == EXPORTER_COMPRESSION_GZIP;
    batch->state = EXPORT_SENDING;
    batch->tries++;
    batch->sent_us = clock_us();
    struct text body = buffer_as_text(packed ? &batch->packed : &batch->message);
    batch->call = http_client_post(exporter->client, exporter->endpoint, body, on_answer, batch);
}
