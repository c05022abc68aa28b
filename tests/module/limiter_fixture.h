/* limiter_fixture: a limiter on a loop, with a Redis of the test's own or without. */
#pragma once

#include "ingest/limiter.h"
#include "redis_fixture.h"
#include "tracer_fixture.h"

/* A request; nobody looks at its trace. */
static const struct limiter_cause some_cause = { .trace = { .trace_id = { 1 }, .span_id = { 1 } } };

struct limiter_fixture {
    struct fixture f; /* the loop, and the connection if there is one */
    struct limiter_config config;
    struct tracing tracing;
    struct limiter *limiter;
};

/* What came of one request that had to wait. */
struct told {
    unsigned calls;
    struct limiter_decision decision;
};

static inline void on_told(void *arg, struct limiter_decision decision)
{
    struct told *told = arg;
    told->calls++;
    told->decision = decision;
}

static inline void start_limiter(struct limiter_fixture *l)
{
    given_tracer(&l->tracing, l->f.metrics);
    l->limiter = limiter_start(&(struct limiter_options){
        .loop = &l->f.loop,
        .redis = l->f.redis,
        .config = &l->config,
        .stream = "jobs",
        .tracer = l->tracing.tracer,
        .metrics = l->f.metrics,
        .stats = &l->f.stats,
    });
}

static inline void given_local_limiter(struct limiter_fixture *l, struct limiter_config config)
{
    given_url(&l->f, "local");
    l->config = config;
    start_limiter(l);
}

static inline void given_limiter(struct limiter_fixture *l, const struct redis_server *server, struct limiter_config config)
{
    given_connection(&l->f, server);
    l->config = config;
    start_limiter(l);
}

/* Nobody listens at the port. */
static inline void given_limiter_without_redis(struct limiter_fixture *l, int port, struct limiter_config config)
{
    given_url(&l->f, "redis://127.0.0.1:%d", port);
    connect_redis(&l->f);
    run_for(&l->f.loop, 20);
    l->config = config;
    start_limiter(l);
}

static inline void close_limiter(struct limiter_fixture *l)
{
    bool closed = false;
    limiter_close(l->limiter, on_redis_closed, &closed);
    assert_true(run_until(&l->f.loop, 5000, closed));
    tracer_free(l->tracing.tracer);
    close_all(&l->f);
}

/* The decision, waited for where it comes later. */
static inline struct limiter_decision decision_for(struct limiter_fixture *l, const char *key, uint32_t n)
{
    struct told told = { 0 };
    struct limiter_decision decision = limiter_take(l->limiter, text_of(key), n, clock_us(), &some_cause, on_told, &told);
    if (decision.outcome != LIMITER_PENDING) {
        assert_int_equal(told.calls, 0);
        return decision;
    }
    assert_true(run_until(&l->f.loop, 2000, told.calls > 0));
    assert_int_equal(told.calls, 1);
    return told.decision;
}

static inline double decisions(struct limiter_fixture *l, const char *decision)
{
    return metric_value(metric(l->f.metrics, METRIC_LIMITER_DECISIONS, "jobs", decision));
}
