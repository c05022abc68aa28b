/* limiter_state: what limiter.c (decisions), limiter_account.c (whose bucket), limiter_ask.c (calls to Redis) and
 * limiter_stats.c share.
 *
 *   account  one bucket as this process knows it: its lease, and who waits for it
 *   waiter   a request that waits for its account's ask
 *   queued   an account whose ask waits for one of the LIMITER_ASKS_MAX to end */
#pragma once

#include "base/list.h"
#include "base/loop.h"
#include "core/key_table.h"
#include "core/lease.h"
#include "ingest/limiter.h"
#include "ingest/limiter_trace.h"

#include <stdbool.h>

enum limiter_count { COUNT_ADMITTED, COUNT_LIMITED, COUNT_REFUSED, COUNT_ASSUMED, COUNT_TOO_LARGE, COUNTS };

struct account {
    struct key_entry entry; /* unused with `per: global` */
    struct limiter *limiter;
    struct list in_limiter;
    struct lease lease;
    struct limiter_call call; /* while the lease is asked for */
    struct list leased;       /* among limiter->leased while tokens may be here */
    struct list queued;       /* among limiter->queued */
    struct list waiting;
    uint64_t waiting_tokens;
    size_t name_size;
    char name[]; /* of the bucket in Redis; its end is the key, for the table */
};

struct waiter {
    struct list in_account;
    struct list in_limiter; /* by deadline: all wait equally long */
    struct account *account;
    uint32_t n;
    uint64_t deadline_us;
    struct limiter_cause cause;
    limiter_cb decided;
    void *arg;
};

struct limiter {
    uv_loop_t *loop;
    struct redis *redis; /* NULL: the bucket is here */
    struct gate gate;
    bool closing;
    void (*closed)(void *arg);
    void *closed_arg;

    enum limiter_per per;
    enum limiter_on_error on_error;
    double rate;
    uint64_t burst;
    char rate_text[32], burst_text[24]; /* for the script */
    char *name;                         /* in Redis */
    struct redis_script script;
    struct limiter_trace trace;

    struct list accounts;
    struct account *global; /* with `per: global`, else NULL */
    struct key_table table; /* with any other */

    struct list waiting; /* all accounts' waiters */
    size_t waiting_count;
    struct list queued;
    struct list leased; /* accounts by the end of their lease */
    size_t asks;        /* under way */
    uv_timer_t timer;   /* the first deadline among waiting and leased */
    uint64_t timer_us;  /* when it is set to */

    struct series *counts[COUNTS];
    struct series *rate_limited;
    struct stats_section section;
    char *section_name;
};

/* The account of a key, made when it is new. NULL: there are LIMITER_KEYS_MAX, and all wait for Redis. */
struct account *limiter_account(struct limiter *limiter, struct text key, uint64_t now_us);
void limiter_init_accounts(struct limiter *limiter, uint64_t now_us);
void limiter_free_accounts(struct limiter *limiter);

/* Gets the account's waiters an answer from Redis, now or when it is its turn. Returns E_UNAVAILABLE when Redis takes no
 * command. Harmless when that is under way. */
int limiter_ask(struct account *account);

/* Fetches the next lease before the last is spent; not when many asks are under way. */
void limiter_ask_ahead(struct account *account, const struct limiter_cause *cause);

/* Gives the rest of the account's lease back to Redis. */
void limiter_give_back(struct account *account);

/* Takes the waiter out and tells it. */
void limiter_decide(struct waiter *waiter, struct limiter_decision decision);

/* Decides about `n` tokens without Redis, as on_error says. */
struct limiter_decision limiter_assume(struct account *account, uint64_t n, uint64_t now_us);

/* Decides for waiters as far as the account's tokens and knowledge go; asks again for the rest. */
void limiter_serve(struct account *account, uint64_t now_us);

/* Lets the timer fire at `due_us`, if that is earlier than what it waits for. */
void limiter_wake_at(struct limiter *limiter, uint64_t due_us);
void limiter_on_timer(uv_timer_t *timer);

struct limiter_decision limiter_counted(struct limiter *limiter, enum limiter_count count, struct limiter_decision decision);
void limiter_stats_init(struct limiter *limiter, const struct limiter_options *options);
void limiter_stats_close(struct limiter *limiter);

extern const char limiter_lua[];
