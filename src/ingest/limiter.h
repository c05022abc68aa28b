/* limiter: says whether events may pass, at a rate that all processes with the same Redis and the same name share.
 *
 *   bucket    tokens that flow in at `rate`, `burst` at most; in Redis, on Redis' clock; one a key text (`per`)
 *   lease     tokens taken from it in advance and spent here without asking (core/lease has the arithmetic and the bound)
 *   waiting   requests that found no token here and wait for the answer to an ask; never longer than Redis' command timeout
 *   assumed   admitted without an answer from Redis, because `on_error` says so
 *
 * Worst case, over any time t, all processes together: burst + rate x t + the leases out when it began, where a lease is
 * clamp(rate x 20 ms, 1, burst / 8) a process. While Redis is away `local` lets each process admit burst + rate x t by itself;
 * a Redis that has lost its data starts with a full bucket.
 *
 * With keys (`per` other than global) the 10,000 most recently used have a bucket here; a key that comes back later asks Redis
 * again. Without Redis the bucket is here, and a forgotten key starts with a full one.
 *
 * Deciding from a lease, or that none can be had yet, takes no call, no allocation, and well under 0.2 us. Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/stats.h"
#include "base/text.h"
#include "ingest/limiter_config.h"
#include "io/redis/redis.h"
#include "trace/tracer.h"

#include <stdint.h>
#include <uv.h>

#define LIMITER_KEYS_MAX    10000 /* buckets here, with `per` other than global */
#define LIMITER_WAITING_MAX 10000 /* requests that wait; more are decided as if Redis were away */
#define LIMITER_ASKS_MAX    100   /* asks under way; the keys beyond take turns */

struct limiter; /* opaque */

enum limiter_outcome {
    LIMITER_ADMITTED,
    LIMITER_LIMITED,     /* over the rate: 429 */
    LIMITER_TOO_LARGE,   /* more at once than the burst, so never: 413 */
    LIMITER_UNAVAILABLE, /* Redis is away, and on_error is deny: 503 */
    LIMITER_PENDING,     /* the callback tells, later */
};

struct limiter_decision {
    enum limiter_outcome outcome;
    uint64_t wait_us; /* LIMITED, UNAVAILABLE: for Retry-After; never 0 then */
};

/* The request that asks: a call to Redis that it causes is a span below its own. */
struct limiter_cause {
    struct trace_context trace;
    struct text trace_state; /* borrowed until it is decided */
};

/* Never LIMITER_PENDING. */
typedef void (*limiter_cb)(void *arg, struct limiter_decision decision);

struct limiter_options {
    uv_loop_t *loop;
    struct redis *redis;                 /* NULL: the bucket is here. Closed after the limiter. */
    const struct limiter_config *config; /* rate above 0; borrowed during limiter_start */
    const char *stream;                  /* label of the metrics; copied */
    struct tracer *tracer;
    struct metrics *metrics;
    struct stats *stats; /* section "limiter", of further limiters "limiter.<stream>"; may be NULL */
};

struct limiter *limiter_start(const struct limiter_options *options);

/* Ends what waits as LIMITER_UNAVAILABLE, within this call, and gives leases back; `closed` fires later, once. */
void limiter_close(struct limiter *limiter, void (*closed)(void *arg), void *arg);

/* Asks to let `n` events (1 or more) pass at once, all or none, at loop time `now_us` (base/clock). `key` chooses the bucket and is not
 * read with `per: global`; it is what enum limiter_per says, and absent ones share a bucket. Copied; a token is kept and sent only as a
 * digest. `cause` is copied. LIMITER_PENDING: `decided` fires exactly once, later. Anything else: it never fires. */
struct limiter_decision limiter_take(struct limiter *limiter, struct text key, uint32_t n, uint64_t now_us,
                                     const struct limiter_cause *cause, limiter_cb decided, void *arg);

enum limiter_per limiter_per(const struct limiter *limiter);

/* False while it lets nothing pass: Redis is away, and on_error is deny. `err` says why. */
bool limiter_ready(const struct limiter *limiter, struct error *err);

/* A new rate and burst (SIGHUP); buckets keep what they hold, up to the new burst. */
void limiter_change(struct limiter *limiter, double rate, int64_t burst);
