#include "base/clock.h"
#include "base/log.h"
#include "ingest/limiter_state.h"

#include <stdio.h>

struct grant {
    uint64_t tokens;
    uint64_t left_millionths;
};

static void on_answer(void *arg, int status, const struct redis_reply *reply);

/* While a call is out the account must not be forgotten. */
static void hold(struct account *account)
{
    gate_enter(&account->limiter->gate);
    if (account->limiter->global == NULL)
        key_table_hold(&account->limiter->table, &account->entry);
}

/* The limiter may be gone afterwards. */
static void release(struct account *account)
{
    struct limiter *limiter = account->limiter;
    if (limiter->global == NULL)
        key_table_release(&limiter->table, &account->entry);
    gate_leave(&limiter->gate);
}

static int run(struct account *account, struct lease_ask ask, uint64_t given_back, redis_cb done)
{
    struct limiter *limiter = account->limiter;
    char need[24], want[24], back[24];
    snprintf(need, sizeof(need), "%llu", (unsigned long long)ask.need);
    snprintf(want, sizeof(want), "%llu", (unsigned long long)ask.want);
    snprintf(back, sizeof(back), "%llu", (unsigned long long)given_back);
    const struct text args[] = { text_of(limiter->rate_text), text_of(limiter->burst_text), text_of(need), text_of(want), text_of(back) };

    int rc = redis_run(limiter->redis, &limiter->script, (struct text){ account->name, account->name_size }, args, 5, done, account, NULL);
    if (rc == 0)
        hold(account);
    return rc;
}

static int ask_now(struct account *account, uint64_t first, uint64_t waiting, const struct limiter_cause *cause)
{
    struct lease_ask ask = lease_ask(&account->lease, first, waiting);
    limiter_trace_asked(&account->limiter->trace, &account->call, cause);
    int rc = run(account, ask, 0, on_answer);
    if (rc != 0)
        lease_failed(&account->lease);
    else
        account->limiter->asks++;
    return rc;
}

static int ask_for_waiters(struct account *account)
{
    struct waiter *first = list_entry(list_first(&account->waiting), struct waiter, in_account);
    return ask_now(account, first->n, account->waiting_tokens, &first->cause);
}

int limiter_ask(struct account *account)
{
    struct limiter *limiter = account->limiter;
    if (account->lease.asking || !list_empty(&account->queued))
        return 0;
    if (limiter->asks < LIMITER_ASKS_MAX)
        return ask_for_waiters(account);
    hold(account);
    list_push(&limiter->queued, &account->queued);
    return 0;
}

void limiter_ask_ahead(struct account *account, const struct limiter_cause *cause)
{
    if (redis_ready(account->limiter->redis) && account->limiter->asks < LIMITER_ASKS_MAX)
        ask_now(account, 0, 0, cause); /* if it fails, the next request finds out */
}

static void assume_for_waiters(struct account *account, uint64_t now_us)
{
    struct list *first;
    while ((first = list_first(&account->waiting)) != NULL) {
        struct waiter *waiter = list_entry(first, struct waiter, in_account);
        limiter_decide(waiter, limiter_assume(account, waiter->n, now_us));
    }
}

/* The accounts in the queue take their turn. */
static void ask_for_queued(struct limiter *limiter)
{
    struct list *first;
    while (limiter->asks < LIMITER_ASKS_MAX && (first = list_pop(&limiter->queued)) != NULL) {
        struct account *account = list_entry(first, struct account, queued);
        limiter_serve(account, clock_us());
        release(account);
    }
}

static bool read_grant(const struct redis_reply *reply, struct grant *grant)
{
    if (redis_reply_count(reply) != 2)
        return false;
    int64_t tokens = redis_reply_integer(redis_reply_at(reply, 0));
    int64_t left = redis_reply_integer(redis_reply_at(reply, 1));
    *grant = (struct grant){ tokens > 0 ? (uint64_t)tokens : 0, left > 0 ? (uint64_t)left : 0 };
    return true;
}

static void complain(const struct account *account, const struct redis_reply *reply)
{
    struct text text = redis_reply_type(reply) == REDIS_ERROR ? redis_reply_text(reply) : TEXT("an answer of another form");
    log_warn("limiter", "Redis does not run the rate limit of \"%s\": %.*s", account->limiter->name, TEXT_ARG(text));
}

static void note_lease(struct account *account)
{
    list_remove(&account->leased);
    if (account->lease.tokens == 0)
        return;
    list_push(&account->limiter->leased, &account->leased);
    limiter_wake_at(account->limiter, account->lease.expires_us);
}

static void on_answer(void *arg, int status, const struct redis_reply *reply)
{
    struct account *account = arg;
    struct limiter *limiter = account->limiter;
    struct grant grant;
    uint64_t now_us = clock_us();
    limiter->asks--;
    limiter_trace_answered(&limiter->trace, &account->call, status, reply, now_us);
    if (status != 0 || !read_grant(reply, &grant)) {
        if (status == 0)
            complain(account, reply);
        lease_failed(&account->lease);
        assume_for_waiters(account, now_us);
    } else {
        lease_granted(&account->lease, grant.tokens, grant.left_millionths, now_us);
        limiter_serve(account, now_us);
    }
    if (limiter->closing)
        limiter_give_back(account);
    else
        note_lease(account);
    ask_for_queued(limiter);
    release(account);
}

static void on_returned(void *arg, int status, const struct redis_reply *reply)
{
    struct account *account = arg;
    struct grant grant;
    if (status == 0 && read_grant(reply, &grant))
        lease_returned(&account->lease, grant.left_millionths, clock_us());
    release(account);
}

/* If Redis is away the tokens are lost: less is admitted, never more. */
void limiter_give_back(struct account *account)
{
    uint64_t rest = lease_rest(&account->lease);
    list_remove(&account->leased);
    if (rest > 0)
        run(account, (struct lease_ask){ 0, 0 }, rest, on_returned);
}

void limiter_wake_at(struct limiter *limiter, uint64_t due_us)
{
    if (uv_is_active((uv_handle_t *)&limiter->timer) && limiter->timer_us <= due_us)
        return;
    uint64_t now_us = clock_us();
    limiter->timer_us = due_us;
    uv_update_time(limiter->loop); /* libuv counts from the start of the turn */
    uv_timer_start(&limiter->timer, limiter_on_timer, due_us > now_us ? (due_us - now_us + 999) / 1000 : 0, 0);
}

static void end_waits(struct limiter *limiter, uint64_t now_us)
{
    struct list *first;
    while ((first = list_first(&limiter->waiting)) != NULL) {
        struct waiter *waiter = list_entry(first, struct waiter, in_limiter);
        if (waiter->deadline_us > now_us) {
            limiter_wake_at(limiter, waiter->deadline_us);
            return;
        }
        limiter_decide(waiter, limiter_assume(waiter->account, waiter->n, now_us));
    }
}

static void end_leases(struct limiter *limiter, uint64_t now_us)
{
    struct list *first;
    while ((first = list_first(&limiter->leased)) != NULL) {
        struct account *account = list_entry(first, struct account, leased);
        if (account->lease.expires_us > now_us) {
            limiter_wake_at(limiter, account->lease.expires_us);
            return;
        }
        limiter_give_back(account);
    }
}

void limiter_on_timer(uv_timer_t *timer)
{
    struct limiter *limiter = timer->data;
    if (!list_empty(&limiter->waiting))
        redis_take_in(limiter->redis); /* it may be our loop that is late */
    uint64_t now_us = clock_us();
    end_waits(limiter, now_us);
    if (!limiter->closing)
        end_leases(limiter, now_us);
}
