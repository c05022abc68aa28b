/* exporter_state: what exporter.c (batches and their answers), exporter_endpoint.c (where to), exporter_end.c (flush, close) and
 * exporter_stats.c (what people see) share. */
#pragma once

#include "base/buffer.h"
#include "base/loop.h"
#include "base/random.h"
#include "io/curl/exporter.h"
#include "io/curl/http_client.h"

/* The states are drawn in io/curl/exporter.h. */
enum exporter_state { EXPORTER_WAITING, EXPORTER_PACKING, EXPORTER_SENDING, EXPORTER_RESTING, EXPORTER_ENDED };

/* Why spans were not exported; the label `reason` of METRIC_TRACE_SPANS_DROPPED. */
enum exporter_drop { DROPPED_MISSED, DROPPED_REFUSED, DROPPED_REJECTED, DROPPED_UNAVAILABLE, DROPPED_SHUTDOWN, DROPPED_REASONS };

/* How a request ended; the label `result` of METRIC_TRACE_EXPORTS. */
enum exporter_result { EXPORT_TAKEN, EXPORT_REFUSED, EXPORT_UNAVAILABLE, EXPORT_RESULTS };

#define EXPORTER_REASON_SIZE 256

struct exporter {
    uv_loop_t *loop;
    const struct exporter_config *config;
    struct gate gate; /* timer, each_turn, deadline, the client, the work */
    void (*closed)(void *arg);
    void *closed_arg;
    enum exporter_state state;

    /* Where from. */
    struct tracer *tracer;
    struct trace_cursor cursor;
    struct buffer resource;
    uv_timer_t timer;       /* WAITING: the delay; RESTING: the rest */
    uv_prepare_t each_turn; /* WAITING: is half a batch there? */

    /* Where to. */
    struct http_client *client;
    struct http_endpoint *endpoint;
    struct http_call *call; /* SENDING */

    /* The batch. */
    struct buffer message, packed; /* PACKING: the worker's */
    uv_work_t packing;
    size_t span_count;
    unsigned tries;
    uint64_t sent_us;

    /* The collector. */
    struct random random;
    unsigned failures; /* in a row */
    uint64_t away_us;  /* since when it takes nothing; 0: it does */
    char reason[EXPORTER_REASON_SIZE];

    /* The flush. */
    bool flushing;
    uv_timer_t deadline;
    void (*flushed)(void *arg);
    void *flushed_arg;

    /* What people see. */
    struct series *exported, *dropped[DROPPED_REASONS], *results[EXPORT_RESULTS], *duration;
    struct stats_section section;
};

/* The collector of the configuration, or NULL with a sentence. */
struct http_endpoint *exporter_endpoint(const struct exporter_config *config, struct error *err);

void exporter_stats_init(struct exporter *exporter, const struct exporter_options *options);

/* WAITING -> PACKING -> SENDING with what is there; stays where it is when nothing is. */
void exporter_begin_batch(struct exporter *exporter);

/* Sends the batch, again or for the first time. */
void exporter_send(struct exporter *exporter);

/* The batch is over, in whatever way: WAITING for the next one; in a flush on with it at once. */
void exporter_end_batch(struct exporter *exporter);

/* The end of a flush: nothing is left, or nothing can be done about it. */
void exporter_flushed(struct exporter *exporter);

/* The request has ended. */
void exporter_note_result(struct exporter *exporter, enum exporter_result result);
void exporter_drop(struct exporter *exporter, enum exporter_drop reason, uint64_t span_count);

/* The collector takes nothing, or takes spans again; says so in the log when that is new. */
void exporter_note_away(struct exporter *exporter, const char *format, ...) __attribute__((format(printf, 2, 3)));
void exporter_note_back(struct exporter *exporter);
