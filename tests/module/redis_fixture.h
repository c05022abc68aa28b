/* redis_fixture: a loop with one Redis connection on it. Each test gives the situation, sends, waits, and ends with an empty
 * loop. */
#pragma once

#include "base/memory.h"
#include "io/redis/redis.h"
#include "redis_server.h"

struct fixture {
    uv_loop_t loop;
    uv_timer_t beat; /* so that waiting looks at its condition each 2 ms */
    struct metrics *metrics;
    struct stats stats;
    struct redis_config config;
    char url[256];
    struct redis *redis;
    bool closed;
};

/* What came of one command. */
struct outcome {
    unsigned calls;
    int status;
    enum redis_type type;
    int64_t integer;
    size_t count;
    char text[256];
};

static inline void on_outcome(void *arg, int status, const struct redis_reply *reply)
{
    struct outcome *outcome = arg;
    outcome->calls++;
    outcome->status = status;
    if (reply == NULL)
        return;
    outcome->type = redis_reply_type(reply);
    outcome->integer = redis_reply_integer(reply);
    outcome->count = redis_reply_count(reply);
    struct text text = redis_reply_text(reply);
    if (text.data != NULL)
        snprintf(outcome->text, sizeof(outcome->text), "%.*s", TEXT_ARG(text));
}

static inline void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

static inline void loop_open(uv_loop_t *loop, uv_timer_t *beat)
{
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(loop);
    uv_timer_init(loop, beat);
    uv_timer_start(beat, on_beat, 2, 2);
}

static inline void loop_close_empty(uv_loop_t *loop, uv_timer_t *beat)
{
    uv_close((uv_handle_t *)beat, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* Runs the loop until `condition` holds, or until the patience is at its end; says whether it held. */
#define run_until(loop, patience_ms, condition)                            \
    __extension__({                                                        \
        uint64_t patience_us_ = clock_us() + (uint64_t)(patience_ms)*1000; \
        while (!(condition) && clock_us() < patience_us_)                  \
            uv_run((loop), UV_RUN_ONCE);                                   \
        (condition);                                                       \
    })

static inline void run_for(uv_loop_t *loop, uint64_t ms)
{
    (void)run_until(loop, ms, false);
}

/* Connects nothing yet: `config` may be changed before redis_fixture_start. */
static inline void given_url(struct fixture *f, const char *format, ...)
{
    memset(f, 0, sizeof(*f));
    va_list args;
    va_start(args, format);
    vsnprintf(f->url, sizeof(f->url), format, args);
    va_end(args);
    loop_open(&f->loop, &f->beat);
    f->metrics = metrics_new();
    stats_init(&f->stats);
    f->config = (struct redis_config){ .url = f->url, .timeout_us = 250000, .tls.verify = true };
}

static inline int try_connect(struct fixture *f, struct error *err)
{
    f->redis =
        redis_start(&(struct redis_options){ .loop = &f->loop, .config = &f->config, .metrics = f->metrics, .stats = &f->stats }, err);
    return f->redis == NULL ? err->code : 0;
}

static inline void connect_redis(struct fixture *f)
{
    struct error err;
    if (try_connect(f, &err) != 0)
        fail_msg("%s", err.message);
}

static inline bool becomes_ready(struct fixture *f, unsigned patience_ms)
{
    return run_until(&f->loop, patience_ms, redis_ready(f->redis));
}

static inline void given_connection(struct fixture *f, const struct redis_server *server)
{
    given_url(f, "redis://127.0.0.1:%d", server->port);
    connect_redis(f);
    assert_true(becomes_ready(f, 2000));
}

static inline void on_redis_closed(void *arg)
{
    *(bool *)arg = true;
}

static inline void close_all(struct fixture *f)
{
    if (f->redis != NULL) {
        redis_close(f->redis, on_redis_closed, &f->closed);
        assert_true(run_until(&f->loop, 10000, f->closed));
    }
    loop_close_empty(&f->loop, &f->beat);
    metrics_free(f->metrics);
}

/* Sends words that are separated by spaces. */
static inline int send_words(struct fixture *f, const char *line, struct outcome *outcome)
{
    struct text words[16];
    size_t count = 0;
    while (*line != '\0') {
        size_t size = strcspn(line, " ");
        words[count++] = (struct text){ line, size };
        line += size + strspn(line + size, " ");
    }
    struct error err;
    return redis_command(f->redis, words, count, on_outcome, outcome, &err);
}

static inline struct outcome answer_to(struct fixture *f, const char *line)
{
    struct outcome outcome = { 0 };
    assert_int_equal(send_words(f, line, &outcome), 0);
    assert_int_equal(outcome.calls, 0);
    assert_true(run_until(&f->loop, 2000, outcome.calls > 0));
    return outcome;
}

static inline double counted(struct fixture *f, const char *result)
{
    return metric_value(metric(f->metrics, METRIC_REDIS_COMMANDS, result));
}

static inline const char *last_fault(struct fixture *f, char out[256])
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct stats_section *section = stats_find(&f->stats, "redis");
    yyjson_mut_val *value = section->fill(section->arg, doc);
    snprintf(out, 256, "%s", yyjson_mut_get_str(yyjson_mut_obj_get(value, "last_fault")));
    yyjson_mut_doc_free(doc);
    return out;
}
