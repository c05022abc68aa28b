#include "io/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/redis/redis_state.h"
#include "io/redis/redis_tls.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void redis_enter(struct redis *redis, enum redis_state state)
{
    redis->state = state;
    redis->since_us = clock_us();
    metric_set(redis->connected, state == REDIS_READY);
}

static void on_rest_over(uv_timer_t *timer)
{
    struct redis *redis = timer->data;
    if (redis->attempts++ > 0)
        metric_add(redis->reconnects, 1);
    redis_attempt(redis);
}

/* An outage is one warning; the rest of it is for those who look closely. */
void redis_fail(struct redis *redis, const char *reason)
{
    if (redis->failures++ == 0)
        log_warn("redis", "%s is away: %s", redis->place, reason);
    else
        log_debug("redis", "%s is still away: %s", redis->place, reason);
    snprintf(redis->reason, sizeof(redis->reason), "%s", reason);
    uv_freeaddrinfo(redis->addresses);
    redis->addresses = redis->address = NULL;

    redis_enter(redis, REDIS_RESTING);
    uint64_t rest_ms = (uint64_t)random_between(&redis->random, REDIS_REST_MS_MIN, redis->rest_ms_max);
    redis->rest_ms_max = redis->rest_ms_max * 2 < REDIS_REST_MS_CEILING ? redis->rest_ms_max * 2 : REDIS_REST_MS_CEILING;
    uv_timer_start(&redis->timer, on_rest_over, rest_ms, 0);
}

void redis_give_up(struct redis *redis, const char *format, ...)
{
    char reason[REDIS_REASON_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);

    struct redis_link *link = redis->link;
    redis->link = NULL; /* on_gone then knows that all is said */
    redis_fail(redis, reason);
    redis_link_drop(link);
}

static void on_flush(uv_prepare_t *prepare)
{
    struct redis *redis = prepare->data;
    if (redis->link != NULL)
        redis_link_flush(redis->link);
}

static void replace(char **value, const char *by)
{
    if (by == NULL)
        return;
    mem_free(*value);
    *value = mem_strdup(by);
}

static void start_handles(struct redis *redis)
{
    redis->timer.data = redis->deadline.data = redis->flush.data = redis->lookup.data = redis;
    uv_timer_init(redis->loop, &redis->timer);
    uv_timer_init(redis->loop, &redis->deadline);
    uv_prepare_init(redis->loop, &redis->flush);
    uv_prepare_start(&redis->flush, on_flush);
    gate_init(&redis->gate);
    for (int i = 0; i < 3; i++)
        gate_enter(&redis->gate);
    uv_timer_start(&redis->timer, on_rest_over, 0, 0);
}

int redis_check(const struct redis_config *config, struct error *err)
{
    struct redis_url url;
    if (redis_url_parse(&url, config->url, err) != 0)
        return err->code;
    struct ssl_ctx_st *tls = url.tls ? redis_tls_open(&config->tls, err) : NULL;
    int code = url.tls && tls == NULL ? err->code : 0;
    redis_tls_close(tls);
    redis_url_free(&url);
    return code;
}

struct redis *redis_start(const struct redis_options *options, struct error *err)
{
    const struct redis_config *config = options->config;
    struct redis *redis = mem_zalloc(sizeof(*redis));
    if (redis_url_parse(&redis->url, config->url, err) != 0)
        goto fail;
    replace(&redis->url.username, config->username);
    replace(&redis->url.password, config->password);
    redis_url_text(&redis->url, redis->place);
    if (redis->url.tls && (redis->tls = redis_tls_open(&config->tls, err)) == NULL)
        goto fail;

    redis->loop = options->loop;
    redis->timeout_us = config->timeout_us;
    redis->rest_ms_max = REDIS_REST_MS_FIRST;
    snprintf(redis->reason, sizeof(redis->reason), "not connected yet");
    random_init(&redis->random);
    list_init(&redis->commands);
    redis_stats_init(redis, options);
    redis_enter(redis, REDIS_RESTING);
    start_handles(redis);
    return redis;

fail:
    redis_url_free(&redis->url);
    mem_free(redis);
    return NULL;
}

static void on_all_gone(void *arg)
{
    struct redis *redis = arg;
    void (*closed)(void *arg) = redis->closed;
    void *closed_arg = redis->closed_arg;
    assert(redis->under_way == 0);
    redis_tls_close(redis->tls);
    redis_url_free(&redis->url);
    buffer_free(&redis->scratch);
    mem_free(redis);
    closed(closed_arg);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis *redis = handle->data;
    gate_leave(&redis->gate);
}

void redis_close(struct redis *redis, void (*closed)(void *arg), void *arg)
{
    assert(redis->state != REDIS_CLOSING);
    if (redis->state == REDIS_RESOLVING)
        uv_cancel((uv_req_t *)&redis->lookup); /* its callback comes in any case */
    redis_enter(redis, REDIS_CLOSING);
    redis->closed = closed;
    redis->closed_arg = arg;
    redis_end_commands(redis, E_CANCELED, REDIS_RESULT_LOST);

    struct redis_link *link = redis->link;
    redis->link = NULL;
    if (link != NULL)
        redis_link_drop(link);
    uv_freeaddrinfo(redis->addresses);
    stats_remove(&redis->section);
    uv_close((uv_handle_t *)&redis->timer, on_handle_closed);
    uv_close((uv_handle_t *)&redis->deadline, on_handle_closed);
    uv_close((uv_handle_t *)&redis->flush, on_handle_closed);
    gate_close(&redis->gate, on_all_gone, redis);
}

const char *redis_server(const struct redis *redis, uint16_t *port)
{
    *port = redis->url.path == NULL ? redis->url.port : 0;
    return redis->url.path == NULL ? redis->url.host : redis->url.path;
}

int redis_database(const struct redis *redis)
{
    return redis->url.database;
}

bool redis_ready(const struct redis *redis)
{
    return redis->state == REDIS_READY;
}

int redis_say_away(const struct redis *redis, struct error *err)
{
    return error_set(err, E_UNAVAILABLE, "Redis at %s is away: %s", redis->place, redis->reason);
}

uint64_t redis_timeout_us(const struct redis *redis)
{
    return redis->timeout_us;
}

size_t redis_commands_under_way(const struct redis *redis)
{
    return redis->under_way;
}
