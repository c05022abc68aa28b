/* exporter_state: what exporter.c (batches begin), exporter_send.c (they are sent, and answered), exporter_endpoint.c (where to),
 * exporter_end.c (flush, close) and exporter_stats.c (what people see) share. */
#pragma once

#include "base/buffer.h"
#include "base/loop.h"
#include "base/random.h"
#include "io/curl/exporter.h"
#include "io/curl/http_client.h"

#define EXPORTER_BATCHES 4

/* The states are drawn in io/curl/exporter.h. */
enum export_state { EXPORT_WAITING, EXPORT_PACKING, EXPORT_SENDING, EXPORT_RESTING };

struct export_batch {
    struct exporter *exporter;
    enum export_state state;
    struct buffer message, packed; /* PACKING: the worker's */
    uv_work_t packing;
    uv_timer_t rest;
    struct http_call *call; /* SENDING */
    size_t span_count;      /* 0: WAITING */
    unsigned tries;
    uint64_t sent_us;
};

/* Why spans were not exported; the label `reason` of METRIC_TRACE_SPANS_DROPPED. */
enum exporter_drop { DROPPED_MISSED, DROPPED_REFUSED, DROPPED_REJECTED, DROPPED_UNAVAILABLE, DROPPED_SHUTDOWN, DROPPED_REASONS };

/* How a request ended; the label `result` of METRIC_TRACE_EXPORTS. */
enum exporter_result { EXPORT_TAKEN, EXPORT_REFUSED, EXPORT_UNAVAILABLE, EXPORT_RESULTS };

#define EXPORTER_REASON_SIZE 256

struct exporter {
    uv_loop_t *loop;
    const struct exporter_config *config;
    struct gate gate; /* timer, each_turn, deadline, the batches' rests and work, the client */
    void (*closed)(void *arg);
    void *closed_arg;
    bool ended;

    /* Where from. */
    struct tracer *tracer;
    struct trace_cursor cursor;
    struct buffer resource;
    uv_timer_t delay;
    uv_prepare_t each_turn; /* is there enough for a batch? */
    struct export_batch batches[EXPORTER_BATCHES];

    /* Where to. */
    struct http_client *client;
    struct http_endpoint *endpoint;

    /* The collector. */
    struct random random;
    unsigned failures;  /* in a row; of requests that overlapped, one */
    uint64_t failed_us; /* when the last of them was counted */
    uint64_t away_us;   /* since when it takes nothing; 0: it does */
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

/* Sends the batch, again or for the first time. */
void exporter_send(struct export_batch *batch);

/* The spans of all batches that are under way. */
size_t exporter_span_count(const struct exporter *exporter);

/* The end of a flush: nothing is left, or nothing can be done about it. */
void exporter_flushed(struct exporter *exporter);

/* The request has ended. */
void exporter_note_result(const struct export_batch *batch, enum exporter_result result);
void exporter_drop(struct exporter *exporter, enum exporter_drop reason, uint64_t span_count);

/* The collector takes nothing, or takes spans again; says so in the log when that is new. */
void exporter_note_away(struct exporter *exporter, const char *format, ...) __attribute__((format(printf, 2, 3)));
void exporter_note_back(struct exporter *exporter);

/* It took a batch but for so many spans; or all of it, with a warning. */
void exporter_note_rejected(struct exporter *exporter, uint64_t span_count, struct text message);
