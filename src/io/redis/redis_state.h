/* redis_state: what redis.c (start, rest, end), redis_attempt.c (from rest to ready), redis_command.c (commands) and
 * redis_stats.c (what people see) share. */
#pragma once

#include "base/buffer.h"
#include "base/histogram.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/random.h"
#include "io/redis/redis.h"
#include "io/redis/redis_link.h"
#include "io/redis/redis_url.h"

/* The states are drawn in io/redis/redis.h. */
enum redis_state { REDIS_RESTING, REDIS_RESOLVING, REDIS_CONNECTING, REDIS_GREETING, REDIS_READY, REDIS_CLOSING };

/* How a command ended; the label `result` of METRIC_REDIS_COMMANDS. */
enum redis_result { REDIS_RESULT_OK, REDIS_RESULT_ERROR, REDIS_RESULT_TIMEOUT, REDIS_RESULT_LOST, REDIS_RESULT_REFUSED, REDIS_RESULTS };

#define REDIS_REASON_SIZE     256
#define REDIS_REST_MS_MIN     50
#define REDIS_REST_MS_FIRST   100
#define REDIS_REST_MS_CEILING 400 /* with two default timeouts for an attempt it stays below the second that redis.h promises */

struct redis {
    uv_loop_t *loop;
    struct gate gate; /* timers, the flush, the lookup, the links */
    void (*closed)(void *arg);
    void *closed_arg;

    /* Where and who. */
    struct redis_url url;
    char place[REDIS_URL_TEXT_SIZE]; /* without secrets */
    struct ssl_ctx_st *tls;          /* NULL: none */
    uint64_t timeout_us;

    /* The connection. */
    enum redis_state state;
    struct redis_link *link; /* CONNECTING to READY, else NULL */
    uv_timer_t timer;        /* RESTING: its end; CONNECTING, GREETING: the attempt's deadline */
    uv_prepare_t flush;
    uv_getaddrinfo_t lookup;
    struct addrinfo *addresses; /* what the lookup found, until the attempt ends */
    struct addrinfo *address;   /* the one that is tried */
    struct random random;
    int64_t rest_ms_max;
    uint64_t attempts;              /* ever */
    uint64_t failures;              /* attempts since it was last READY */
    uint64_t since_us;              /* when it took its state */
    char reason[REDIS_REASON_SIZE]; /* why it is not READY; why it last was not */

    /* Commands. */
    struct list commands;   /* sent and not ended, by age */
    size_t under_way;       /* hiredis still owes a reply, ended ones included */
    uint64_t unanswered_us; /* since when nothing was heard though something was owed */
    uv_timer_t deadline;    /* of the oldest command */
    struct buffer scratch;  /* a command on its way to hiredis */

    /* What people see. */
    struct series *results[REDIS_RESULTS];
    struct series *duration, *connected, *reconnects;
    struct histogram latency;
    struct stats_section section;
};

/* Sends also while not READY: the greeting. */
int redis_send(struct redis *redis, const struct text *words, size_t count, redis_cb done, void *arg, struct error *err);

/* Ends every command that has not ended. */
void redis_end_commands(struct redis *redis, int status, enum redis_result result);

void redis_on_deadline(uv_timer_t *timer);

/* From RESTING towards READY: looks the name up, connects, greets. */
void redis_attempt(struct redis *redis);

void redis_enter(struct redis *redis, enum redis_state state);

/* Any state -> RESTING, the one way back. There is no link any more. */
void redis_fail(struct redis *redis, const char *reason);

/* Ends the link and fails, in printf's way. */
void redis_give_up(struct redis *redis, const char *format, ...) __attribute__((format(printf, 2, 3)));

void redis_stats_init(struct redis *redis, const struct redis_options *options);
