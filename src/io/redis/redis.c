#include "io/redis/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/redis/redis_state.h"
#include "io/redis/redis_tls.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REST_MS_MIN     50
#define REST_MS_FIRST   100
#define REST_MS_CEILING 400 /* with two default timeouts for an attempt it stays below the second that redis.h promises */

static void look_up(struct redis *redis);
static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses);
static void start_attempt(struct redis *redis);
static void connect_to(struct redis *redis, const char *address);
static void on_connected(void *arg);
static void on_gone(void *arg, struct redis_link *link, const char *reason);

static void enter(struct redis *redis, enum redis_state state)
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
    if (redis->url.path != NULL)
        start_attempt(redis);
    else
        look_up(redis);
}

/* Any state -> RESTING, the one way back. An outage is one warning; the rest of it is for those who look closely. */
static void fail(struct redis *redis, const char *reason)
{
    if (redis->failures++ == 0)
        log_warn("redis", "%s is away: %s", redis->place, reason);
    else
        log_debug("redis", "%s is still away: %s", redis->place, reason);
    snprintf(redis->reason, sizeof(redis->reason), "%s", reason);
    uv_freeaddrinfo(redis->addresses);
    redis->addresses = redis->address = NULL;

    enter(redis, REDIS_RESTING);
    uint64_t rest_ms = (uint64_t)random_between(&redis->random, REST_MS_MIN, redis->rest_ms_max);
    redis->rest_ms_max = redis->rest_ms_max * 2 < REST_MS_CEILING ? redis->rest_ms_max * 2 : REST_MS_CEILING;
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
    fail(redis, reason);
    redis_link_drop(link);
}

/* RESTING -> RESOLVING. A number needs no thread of the pool, and no resolver that might be slow. */
static void look_up(struct redis *redis)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct in6_addr number;
    if (uv_inet_pton(AF_INET, redis->url.host, &number) == 0 || uv_inet_pton(AF_INET6, redis->url.host, &number) == 0) {
        start_attempt(redis);
        return;
    }
    int rc = uv_getaddrinfo(redis->loop, &redis->lookup, on_looked_up, redis->url.host, NULL, &hints);
    if (rc != 0) {
        fail(redis, uv_strerror(rc));
        return;
    }
    enter(redis, REDIS_RESOLVING);
    gate_enter(&redis->gate);
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct redis *redis = lookup->data;
    if (redis->state == REDIS_CLOSING) {
        uv_freeaddrinfo(addresses);
    } else if (status != 0) {
        fail(redis, uv_strerror(status));
    } else {
        redis->addresses = redis->address = addresses;
        start_attempt(redis);
    }
    gate_leave(&redis->gate);
}

static void on_attempt_late(uv_timer_t *timer)
{
    struct redis *redis = timer->data;
    redis_give_up(redis, "no answer within %llu ms", (unsigned long long)redis->timeout_us * 2 / 1000);
}

/* Tries the address that is due: a name may stand for several (localhost: ::1 and 127.0.0.1). */
static void connect_to_due(struct redis *redis)
{
    char number[INET6_ADDRSTRLEN] = "";
    if (redis->address == NULL)
        snprintf(number, sizeof(number), "%s", redis->url.path == NULL ? redis->url.host : "");
    else
        uv_ip_name(redis->address->ai_addr, number, sizeof(number));
    connect_to(redis, number);
}

/* RESTING, RESOLVING -> CONNECTING */
static void start_attempt(struct redis *redis)
{
    enter(redis, REDIS_CONNECTING);
    uv_timer_start(&redis->timer, on_attempt_late, redis->timeout_us * 2 / 1000, 0);
    connect_to_due(redis);
}

static void on_connect_failed(struct redis *redis, const char *reason)
{
    if (redis->address == NULL || redis->address->ai_next == NULL) {
        fail(redis, reason);
        return;
    }
    redis->address = redis->address->ai_next;
    connect_to_due(redis);
}

static void connect_to(struct redis *redis, const char *address)
{
    struct error err;
    redis->link = redis_link_open(
        &(struct redis_link_options){
            .loop = redis->loop,
            .gate = &redis->gate,
            .path = redis->url.path,
            .address = address,
            .port = redis->url.port,
            .tls = redis->tls,
            .server_name = redis->url.host,
            .on_connected = on_connected,
            .on_gone = on_gone,
            .arg = redis,
        },
        &err);
    if (redis->link == NULL)
        on_connect_failed(redis, err.message);
}

static void on_gone(void *arg, struct redis_link *link, const char *reason)
{
    struct redis *redis = arg;
    if (redis->link != link)
        return; /* we ended it, and have said why */
    redis->link = NULL;
    if (redis->state == REDIS_CONNECTING)
        on_connect_failed(redis, reason);
    else
        fail(redis, reason);
}

/* GREETING -> READY */
static void on_pong(void *arg, int status, const struct redis_reply *reply)
{
    struct redis *redis = arg;
    if (status != 0 || redis->state != REDIS_GREETING)
        return; /* the link is gone: on_gone says why */
    if (redis_reply_type(reply) == REDIS_ERROR) {
        redis_give_up(redis, "it refuses: %.*s", TEXT_ARG(redis_reply_text(reply)));
        return;
    }
    uv_timer_stop(&redis->timer);
    log_info("redis", "connected to %s", redis->place);
    redis->failures = 0;
    redis->rest_ms_max = REST_MS_FIRST;
    redis->unanswered_us = clock_us();
    enter(redis, REDIS_READY);
}

/* Some servers repeat the words of a command that they refuse. */
static void on_authenticated(void *arg, int status, const struct redis_reply *reply)
{
    struct redis *redis = arg;
    if (status != 0 || redis->state != REDIS_GREETING || redis_reply_type(reply) != REDIS_ERROR)
        return;
    struct text text = redis_reply_text(reply);
    bool shows_secret = memmem(text.data, text.size, redis->url.password, strlen(redis->url.password)) != NULL;
    redis_give_up(redis, "it refuses the password: %.*s", TEXT_ARG(shows_secret ? TEXT("(its answer repeats it)") : text));
}

static void on_selected(void *arg, int status, const struct redis_reply *reply)
{
    struct redis *redis = arg;
    if (status == 0 && redis->state == REDIS_GREETING && redis_reply_type(reply) == REDIS_ERROR)
        redis_give_up(redis, "it refuses database %d: %.*s", redis->url.database, TEXT_ARG(redis_reply_text(reply)));
}

static void authenticate(struct redis *redis)
{
    struct text words[3] = { TEXT("AUTH") };
    size_t count = 1;
    if (redis->url.username != NULL)
        words[count++] = text_of(redis->url.username);
    words[count++] = text_of(redis->url.password);
    redis_send(redis, words, count, on_authenticated, redis, NULL);
}

static void choose_database(struct redis *redis)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", redis->url.database);
    redis_send(redis, (const struct text[]){ TEXT("SELECT"), text_of(number) }, 2, on_selected, redis, NULL);
}

/* CONNECTING -> GREETING. All in one write; a failed step makes the later ones void. */
static void on_connected(void *arg)
{
    struct redis *redis = arg;
    enter(redis, REDIS_GREETING);
    if (redis->url.password != NULL)
        authenticate(redis);
    if (redis->url.database != 0)
        choose_database(redis);
    redis_send(redis, &TEXT("PING"), 1, on_pong, redis, NULL);
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
    redis->rest_ms_max = REST_MS_FIRST;
    snprintf(redis->reason, sizeof(redis->reason), "not connected yet");
    random_init(&redis->random);
    list_init(&redis->commands);
    redis_stats_init(redis, options);
    enter(redis, REDIS_RESTING);
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
    enter(redis, REDIS_CLOSING);
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

bool redis_ready(const struct redis *redis)
{
    return redis->state == REDIS_READY;
}

uint64_t redis_timeout_us(const struct redis *redis)
{
    return redis->timeout_us;
}

size_t redis_commands_under_way(const struct redis *redis)
{
    return redis->under_way;
}
