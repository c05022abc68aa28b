#include "base/clock.h"
#include "base/log.h"
#include "io/curl/exporter_state.h"
#include "trace/otlp.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_SHOWN = 180 }; /* bytes of what a collector says */

static const char *const states[] = { "waiting", "packing", "sending", "resting" };
static const char *const reasons[DROPPED_REASONS] = { "missed", "refused", "rejected", "unavailable", "shutdown" };
static const char *const results[EXPORT_RESULTS] = { "taken", "refused", "unavailable" };

static double seconds_since(uint64_t then_us)
{
    return (double)(clock_us() - then_us) / 1e6;
}

void exporter_note_result(const struct export_batch *batch, enum exporter_result result)
{
    metric_add(batch->exporter->results[result], 1);
    metric_observe(batch->exporter->duration, seconds_since(batch->sent_us));
}

void exporter_drop(struct exporter *exporter, enum exporter_drop reason, uint64_t span_count)
{
    metric_add(exporter->dropped[reason], (double)span_count);
}

void exporter_note_away(struct exporter *exporter, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(exporter->reason, sizeof(exporter->reason), format, args);
    va_end(args);

    const char *place = http_endpoint_place(exporter->endpoint);
    if (exporter->away_us != 0) {
        log_debug("traces", "%s still takes no spans: %s", place, exporter->reason);
        return;
    }
    exporter->away_us = clock_us();
    log_warn("traces", "%s takes no spans: %s; what it does not take in time is dropped", place, exporter->reason);
}

void exporter_note_back(struct exporter *exporter)
{
    if (exporter->away_us == 0)
        return;
    log_info("traces", "%s takes spans again, after %.1f s", http_endpoint_place(exporter->endpoint), seconds_since(exporter->away_us));
    exporter->away_us = 0;
    exporter->failures = 0;
}

void exporter_note_rejected(struct exporter *exporter, uint64_t span_count, struct text message)
{
    const char *place = http_endpoint_place(exporter->endpoint);
    int size = message.size < MESSAGE_SHOWN ? (int)message.size : MESSAGE_SHOWN;
    if (span_count == 0)
        snprintf(exporter->reason, sizeof(exporter->reason), "it took all spans of a batch, and warns: %.*s", size, message.data);
    else
        snprintf(exporter->reason, sizeof(exporter->reason), "it rejected %llu span%s of a batch: %.*s", (unsigned long long)span_count,
                 span_count == 1 ? "" : "s", size == 0 ? 15 : size, size == 0 ? "no reason given" : message.data);
    log_warn("traces", "%s: %s", place, exporter->reason);
}

/* Of the batch that has come furthest. */
static const char *state_of(const struct exporter *exporter)
{
    enum export_state furthest = EXPORT_WAITING;
    for (size_t i = 0; i < EXPORTER_BATCHES; i++)
        if (exporter->batches[i].state > furthest)
            furthest = exporter->batches[i].state;
    return exporter->ended ? "ended" : states[furthest];
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    const struct exporter *exporter = arg;
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, value, "collector", http_endpoint_place(exporter->endpoint));
    yyjson_mut_obj_add_str(doc, value, "state", state_of(exporter));
    yyjson_mut_obj_add_uint(doc, value, "exported", (uint64_t)metric_value(exporter->exported));
    yyjson_mut_obj_add_uint(doc, value, "waiting", otlp_waiting(exporter->tracer, &exporter->cursor));
    yyjson_mut_obj_add_uint(doc, value, "on_their_way", exporter_span_count(exporter));
    yyjson_mut_obj_add_uint(doc, value, "failures_in_a_row", exporter->failures);
    yyjson_mut_obj_add_real(doc, value, "away_seconds", exporter->away_us == 0 ? 0 : seconds_since(exporter->away_us));
    stats_add_text(doc, value, "last_fault", text_of(exporter->reason));

    yyjson_mut_val *dropped = yyjson_mut_obj_add_obj(doc, value, "dropped");
    for (int i = 0; i < DROPPED_REASONS; i++)
        yyjson_mut_obj_add_uint(doc, dropped, reasons[i], (uint64_t)metric_value(exporter->dropped[i]));
    yyjson_mut_val *requests = yyjson_mut_obj_add_obj(doc, value, "requests");
    for (int i = 0; i < EXPORT_RESULTS; i++)
        yyjson_mut_obj_add_uint(doc, requests, results[i], (uint64_t)metric_value(exporter->results[i]));
    return value;
}

void exporter_stats_init(struct exporter *exporter, const struct exporter_options *options)
{
    exporter->exported = metric(options->metrics, METRIC_TRACE_SPANS_EXPORTED);
    for (int i = 0; i < DROPPED_REASONS; i++)
        exporter->dropped[i] = metric(options->metrics, METRIC_TRACE_SPANS_DROPPED, reasons[i]);
    for (int i = 0; i < EXPORT_RESULTS; i++)
        exporter->results[i] = metric(options->metrics, METRIC_TRACE_EXPORTS, results[i]);
    exporter->duration = metric(options->metrics, METRIC_TRACE_EXPORT_DURATION);

    exporter->section = (struct stats_section){
        .name = "traces",
        .summary = "Spans on their way to the collector: taken, dropped and why.",
        .fill = fill,
        .arg = exporter,
    };
    list_init(&exporter->section.link);
    if (options->stats != NULL)
        stats_add(options->stats, &exporter->section);
}
