#include "base/clock.h"
#include "base/log.h"
#include "io/redis/redis_state.h"

#include <stdio.h>
#include <string.h>

static void look_up(struct redis *redis);
static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses);
static void start_attempt(struct redis *redis);
static void connect_to(struct redis *redis, const char *address);
static void on_connected(void *arg);
static void on_gone(void *arg, struct redis_link *link, const char *reason);

void redis_attempt(struct redis *redis)
{
    if (redis->url.path != NULL)
        start_attempt(redis);
    else
        look_up(redis);
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
        redis_fail(redis, uv_strerror(rc));
        return;
    }
    redis_enter(redis, REDIS_RESOLVING);
    gate_enter(&redis->gate);
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct redis *redis = lookup->data;
    if (redis->state == REDIS_CLOSING) {
        uv_freeaddrinfo(addresses);
    } else if (status != 0) {
        redis_fail(redis, uv_strerror(status));
    } else {
        redis->addresses = redis->address = addresses;
        start_attempt(redis);
    }
    gate_leave(&redis->gate);
}

static void on_attempt_late(uv_timer_t *timer)
{
    struct redis *redis = timer->data;
    redis_take_in(redis); /* it may be our loop that is late */
    if (redis->state != REDIS_CONNECTING && redis->state != REDIS_GREETING)
        return;
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
    redis_enter(redis, REDIS_CONNECTING);
    uv_timer_start(&redis->timer, on_attempt_late, redis->timeout_us * 2 / 1000, 0);
    connect_to_due(redis);
}

static void on_connect_failed(struct redis *redis, const char *reason)
{
    if (redis->address == NULL || redis->address->ai_next == NULL) {
        redis_fail(redis, reason);
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
        redis_fail(redis, reason);
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
    redis->rest_ms_max = REDIS_REST_MS_FIRST;
    redis->unanswered_us = clock_us();
    redis_enter(redis, REDIS_READY);
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
    redis_enter(redis, REDIS_GREETING);
    if (redis->url.password != NULL)
        authenticate(redis);
    if (redis->url.database != 0)
        choose_database(redis);
    redis_send(redis, &TEXT("PING"), 1, on_pong, redis, NULL);
}
