/* limiter_trace: the span of a call to Redis (EVALSHA, kind CLIENT), a child of the request's that caused it: the first of those who
 * wait, or the one that found the lease low and asked ahead. A call that gives a lease back has no cause, and no span. */
#pragma once

#include "ingest/limiter.h"
#include "io/redis/redis.h"
#include "trace/tracer.h"

/* What is told of a call; embedded in its account, which has one under way at most. */
struct limiter_call {
    struct trace_context cause;
    struct text trace_state; /* ours: the request may end before the call; absent: none */
    uint64_t asked_us;       /* 0: nobody wants to know */
};

struct limiter_trace {
    struct tracer *tracer;
    struct span_site *call;
};

/* `redis` may be NULL: there are no calls then. */
void limiter_trace_init(struct limiter_trace *trace, struct tracer *tracer, const struct redis *redis);

/* `cause` is copied. */
void limiter_trace_asked(const struct limiter_trace *trace, struct limiter_call *call, const struct limiter_cause *cause);

/* As redis_cb tells it. */
void limiter_trace_answered(const struct limiter_trace *trace, struct limiter_call *call, int status, const struct redis_reply *reply,
                            uint64_t now_us);

/* No answer will be told. */
void limiter_trace_forget(struct limiter_call *call);
