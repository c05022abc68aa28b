/* ingest: a stream's way in: from the bytes of an event to the broker's acknowledgement.
 *
 *   admits? --> shape and key --> limit --------------> send --> report
 *      |             |              | \ waits (Redis) --^  |        |
 *   E_UNAVAILABLE  E_INVALID    E_LIMITED, E_TOO_LARGE,   E_UNAVAILABLE, E_TOO_LARGE, ...
 *                               E_UNAVAILABLE
 *
 * The cheap refusals come first, and an event that is wrong spends no token. Success means stored.
 * Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/stats.h"
#include "base/text.h"
#include "base/trace.h"
#include "core/shape.h"
#include "ingest/ingest_config.h"
#include "ingest/limiter.h"
#include "io/kafka/producer.h"
#include "trace/tracer.h"

#include <stdint.h>
#include <uv.h>

#define INGEST_HEADERS_MAX 32

struct ingest; /* opaque: of one stream */

/* All borrowed for the ingest's life. */
struct ingest_options {
    uv_loop_t *loop;
    const char *stream;
    const struct ingest_config *config;
    struct shape *shape;          /* taken: freed with the ingest, also when ingest_open fails */
    struct producer_topic *topic; /* closed after the ingest */
    struct redis *redis;          /* NULL: the rate is this process' own */
    struct random *random;
    struct tracer *tracer;
    struct metrics *metrics;
    struct stats *stats;
};

/* NULL with a sentence when the configuration is wrong. */
struct ingest *ingest_open(const struct ingest_options *options, struct error *err);

/* Call when no request is on its way to the producer any more; what waits for the limiter ends with E_CANCELED.
 * `closed` fires later, once. */
void ingest_close(struct ingest *ingest, void (*closed)(void *arg), void *arg);

/* Another rate and burst, from now on. Only where there is a limit since ingest_open; `rate` above 0. */
void ingest_set_limit(struct ingest *ingest, double rate, int64_t burst);

const char *ingest_topic(const struct ingest *ingest);

/* Whether its limiter, if it has one, can let anything pass; else why not. */
bool ingest_limiter_ready(const struct ingest *ingest, struct error *err);

/* What the caller must look up in its request: the key's place, and whose bucket the limiter takes from. */
enum ingest_key_kind ingest_key_kind(const struct ingest *ingest);
const char *ingest_key_name(const struct ingest *ingest);
enum limiter_per ingest_limit_per(const struct ingest *ingest);

/* The allowlist of headers that go along, NULL after the last. */
const char *ingest_header_name(const struct ingest *ingest, size_t i);

/* One event as it came. Texts are borrowed until ingest_submit returns. */
struct ingest_event {
    struct text body;                  /* JSON object; empty or absent: all is generated */
    struct text key;                   /* for query and header keys; absent or empty: no key */
    struct text limit_key;             /* for a limit per address or token; absent ones share a bucket */
    const struct trace_context *trace; /* of the request: the record's span is a child of it, and goes along as its `traceparent` */
    struct text trace_state;           /* of its spans; whoever wants it to go along says so in a header. Borrowed until they are told */
    const struct producer_header *headers;
    size_t header_count; /* INGEST_HEADERS_MAX at most */
};

struct ingest_result {
    int code; /* 0: stored */
    const char *sentence;
    uint64_t retry_after_us; /* 0: none */
    int32_t partition;       /* -1 when not known */
    int64_t offset;
    const struct delivery *delivery; /* the report; NULL: it was not handed to the producer */
};

/* `result` lives during the callback. */
typedef void (*ingest_cb)(void *arg, const struct ingest_result *result);

/* Embedded by the caller, borrowed until the callback; no field is the caller's but retry_after_us and trace. */
struct ingest_request {
    struct producer_send_request send;
    struct ingest *ingest;
    ingest_cb done;
    void *arg;
    struct kept_event *kept;                  /* a copy of the event while it waits for the limiter */
    uint64_t retry_after_us;                  /* read after ingest_submit refused: when to come again; 0: no telling */
    struct trace_context trace;               /* read from ingest_submit on: of the record's span */
    uint8_t parent_id[8];                     /* the span that it is a child of */
    struct text trace_state;                  /* of both */
    uint64_t waited_from_us, waited_until_us; /* for the limiter; 0: it did not wait */
};

/* Takes one event in; `done` fires once, later, with the report.
 * Refuses (`done` never fires): E_INVALID the event is not as its shape says; E_TOO_LARGE; E_LIMITED over the rate;
 * E_UNAVAILABLE the topic, its producer or the limiter takes nothing now. */
int ingest_submit(struct ingest_request *request, struct ingest *ingest, const struct ingest_event *event, ingest_cb done, void *arg,
                  struct error *err);

/* Tells the request's spans to the tracer: called where its trace is kept, within the callback with its result, or after a refusal with
 * NULL. `notable` as in struct span. */
void ingest_tell_spans(const struct ingest_request *request, const struct ingest_result *result, bool notable);
