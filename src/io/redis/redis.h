/* redis: one connection to Redis on the loop, which comes back by itself.
 *
 *   command  words out, one reply in; pipelined, answered in order
 *   reply    what Redis said, borrowed during the callback
 *   attempt  one try to connect: look the name up, connect, TLS, greet (AUTH, SELECT, PING)
 *   rest     the time between two attempts
 *
 *     RESTING --over--> RESOLVING --addresses--> CONNECTING --socket--> GREETING --PONG--> READY
 *        ^                  |                        |                      |                |
 *        '---- failed: error, refusal, deadline -----+----------------------+----------------'
 *
 * Rests are random and grow from 50 to at most 400 ms, an attempt lasts at most two command timeouts: with the default timeout
 * Redis is used again less than a second after it is back.
 *
 * A command that is not answered within the timeout ends as E_UNAVAILABLE, and its late reply is ignored. Where nothing at all
 * was heard for two timeouts, the connection is given up for a new one; also where Redis says that it became a replica, is
 * loading, or knows us no more. Replies that lie in the socket when the timeout comes count as in time, so that a busy loop is
 * not taken for a slow Redis.
 *
 * Commands of one loop turn leave in one write, before the loop waits; so do not send from a uv_prepare callback.
 * Loop thread only, in a process that ignores SIGPIPE. Nothing here blocks: names are looked up in libuv's thread pool. Secrets
 * are never logged or shown. */
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/stats.h"
#include "base/text.h"
#include "io/redis/redis_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct redis; /* opaque */

struct redis_options {
    uv_loop_t *loop;
    const struct redis_config *config; /* not local; borrowed during redis_start */
    struct metrics *metrics;
    struct stats *stats; /* section "redis"; may be NULL */
};

/* What redis_start would say of a configuration that is not local; connects to nobody. */
int redis_check(const struct redis_config *config, struct error *err);

/* Starts to connect; needs no Redis to be there. Returns NULL with a sentence when the configuration is wrong: the URL, or
 * certificate files that cannot be read. */
struct redis *redis_start(const struct redis_options *options, struct error *err);

/* Ends all commands as E_CANCELED, within this call; `closed` fires later, once, when the last handle is gone and the memory
 * given back. */
void redis_close(struct redis *redis, void (*closed)(void *arg), void *arg);

enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_INTEGER, REDIS_LIST, REDIS_ERROR, REDIS_OTHER };

struct redis_reply; /* borrowed during the callback */

enum redis_type redis_reply_type(const struct redis_reply *reply);
int64_t redis_reply_integer(const struct redis_reply *reply);  /* REDIS_INTEGER, else 0 */
struct text redis_reply_text(const struct redis_reply *reply); /* REDIS_TEXT (status too), REDIS_ERROR; else TEXT_NONE */
size_t redis_reply_count(const struct redis_reply *reply);     /* REDIS_LIST, else 0 */
const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index);

/* `status` 0: `reply` is what Redis said, an error of its own included (REDIS_ERROR).
 * E_UNAVAILABLE: no reply in time, or the connection broke; the command may have been done. E_CANCELED: redis_close.
 * Without status 0 `reply` is NULL. */
typedef void (*redis_cb)(void *arg, int status, const struct redis_reply *reply);

/* Sends a command of `count` words; they are copied. Returns 0: `done` fires exactly once, later. E_UNAVAILABLE: not
 * connected, or REDIS_COMMANDS_MAX commands are under way; `done` never fires. */
#define REDIS_COMMANDS_MAX 1000
int redis_command(struct redis *redis, const struct text *words, size_t count, redis_cb done, void *arg, struct error *err);

/* A Lua script, known to Redis by its SHA1. Embedded by its owner; `source` is borrowed for good. */
struct redis_script {
    const char *source;
    char sha1[41];
};

void redis_script_init(struct redis_script *script, const char *source);

/* Runs the script with one key and `count` arguments: EVALSHA, and where Redis does not know it (restarted, flushed) EVAL,
 * once, within the same timeout. Otherwise as redis_command. */
int redis_run(struct redis *redis, const struct redis_script *script, struct text key, const struct text *args, size_t count, redis_cb done,
              void *arg, struct error *err);

/* Takes in the replies that lie in the socket; their callbacks fire within this call. For a caller whose own deadline has come:
 * it may be the loop that is late. Not from within a redis_cb. */
void redis_take_in(struct redis *redis);

/* The host that it connects to, and its port; of a Unix socket the path, and port 0. Borrowed for the redis' life. */
const char *redis_server(const struct redis *redis, uint16_t *port);

/* The number of the database. */
int redis_database(const struct redis *redis);

bool redis_ready(const struct redis *redis);
/* While it is not ready: says in `err` which Redis is away, and why. Returns E_UNAVAILABLE. */
int redis_say_away(const struct redis *redis, struct error *err);
uint64_t redis_timeout_us(const struct redis *redis);
size_t redis_commands_under_way(const struct redis *redis); /* not answered, timed out ones included */
