#include "ingest/limiter.h"

#include "base/clock.h"
#include "base/memory.h"
#include "ingest/limiter_state.h"

#include <assert.h>
#include <stdio.h>

#define REFUSED_FOR_US 1000000 /* io/redis: Redis is used again less than a second after it is back */

static struct limiter_decision take_local(struct account *account, uint64_t n, uint64_t now_us);
static struct limiter_decision wait_for_tokens(struct account *account, const struct waiter *request, bool ask, uint64_t now_us);
static struct limiter_decision assume_unknown(struct limiter *limiter);
static struct limiter_decision too_large(struct limiter *limiter);
static struct limiter_decision limited(struct limiter *limiter, uint64_t wait_us);

static const struct limiter_decision admitted = { LIMITER_ADMITTED, 0 };
static const struct limiter_decision refused = { LIMITER_UNAVAILABLE, REFUSED_FOR_US };

struct limiter_decision limiter_take(struct limiter *limiter, struct text key, uint32_t n, uint64_t now_us,
                                     const struct limiter_cause *cause, limiter_cb decided, void *arg)
{
    if (n > limiter->burst)
        return too_large(limiter);
    struct account *account = limiter_account(limiter, key, now_us);
    if (account == NULL)
        return assume_unknown(limiter);
    if (limiter->redis == NULL)
        return take_local(account, n, now_us);

    struct lease_answer answer = { LEASE_WAIT, 0 }; /* behind those who wait already */
    if (list_empty(&account->waiting))
        answer = lease_take(&account->lease, n, now_us);
    if (answer.verdict == LEASE_ADMITTED) {
        if (lease_is_low(&account->lease, now_us))
            limiter_ask_ahead(account, cause);
        return limiter_counted(limiter, COUNT_ADMITTED, admitted);
    }
    if (!redis_ready(limiter->redis) || limiter->closing)
        return limiter_assume(account, n, now_us);
    if (answer.verdict == LEASE_LIMITED)
        return limited(limiter, answer.wait_us);
    if (limiter->waiting_count == LIMITER_WAITING_MAX)
        return limiter_assume(account, n, now_us);

    struct waiter request = { .n = n, .cause = *cause, .decided = decided, .arg = arg };
    return wait_for_tokens(account, &request, answer.verdict == LEASE_ASK, now_us);
}

struct limiter_decision limiter_counted(struct limiter *limiter, enum limiter_count count, struct limiter_decision decision)
{
    metric_add(limiter->counts[count], 1);
    return decision;
}

static struct limiter_decision too_large(struct limiter *limiter)
{
    return limiter_counted(limiter, COUNT_TOO_LARGE, (struct limiter_decision){ LIMITER_TOO_LARGE, 0 });
}

static struct limiter_decision limited(struct limiter *limiter, uint64_t wait_us)
{
    metric_add(limiter->rate_limited, 1);
    return limiter_counted(limiter, COUNT_LIMITED, (struct limiter_decision){ LIMITER_LIMITED, wait_us });
}

static struct limiter_decision take_local(struct account *account, uint64_t n, uint64_t now_us)
{
    struct lease_answer answer = lease_take_local(&account->lease, n, now_us);
    if (answer.verdict == LEASE_LIMITED)
        return limited(account->limiter, answer.wait_us);
    return limiter_counted(account->limiter, COUNT_ADMITTED, admitted);
}

struct limiter_decision limiter_assume(struct account *account, uint64_t n, uint64_t now_us)
{
    struct limiter *limiter = account->limiter;
    if (n > limiter->burst) /* it was made smaller meanwhile */
        return too_large(limiter);
    if (limiter->on_error == LIMITER_DENY)
        return limiter_counted(limiter, COUNT_REFUSED, refused);
    if (limiter->on_error == LIMITER_LOCAL) {
        struct lease_answer answer = lease_take_local(&account->lease, n, now_us);
        if (answer.verdict == LEASE_LIMITED)
            return limited(limiter, answer.wait_us);
    }
    return limiter_counted(limiter, COUNT_ASSUMED, admitted);
}

bool limiter_ready(const struct limiter *limiter, struct error *err)
{
    if (limiter->redis == NULL || limiter->on_error != LIMITER_DENY || redis_ready(limiter->redis))
        return true;
    redis_say_away(limiter->redis, err);
    error_wrap(err, "the rate limiter refuses every request (on_error: deny)");
    return false;
}

/* All buckets here wait for Redis, and this key is none of theirs. */
static struct limiter_decision assume_unknown(struct limiter *limiter)
{
    if (limiter->on_error == LIMITER_ALLOW)
        return limiter_counted(limiter, COUNT_ASSUMED, admitted);
    return limiter_counted(limiter, COUNT_REFUSED, refused);
}

static struct waiter *add_waiter(struct account *account, const struct waiter *request, uint64_t now_us)
{
    struct limiter *limiter = account->limiter;
    struct waiter *waiter = mem_alloc(sizeof(*waiter));
    *waiter = *request;
    waiter->account = account;
    waiter->deadline_us = now_us + redis_timeout_us(limiter->redis);
    list_push(&account->waiting, &waiter->in_account);
    list_push(&limiter->waiting, &waiter->in_limiter);
    account->waiting_tokens += waiter->n;
    limiter->waiting_count++;
    return waiter;
}

static void remove_waiter(struct waiter *waiter)
{
    list_remove(&waiter->in_account);
    list_remove(&waiter->in_limiter);
    waiter->account->waiting_tokens -= waiter->n;
    waiter->account->limiter->waiting_count--;
    mem_free(waiter);
}

static struct limiter_decision wait_for_tokens(struct account *account, const struct waiter *request, bool ask, uint64_t now_us)
{
    struct waiter *waiter = add_waiter(account, request, now_us);
    if (ask && limiter_ask(account) != 0) {
        remove_waiter(waiter);
        return limiter_assume(account, request->n, now_us);
    }
    limiter_wake_at(account->limiter, waiter->deadline_us);
    return (struct limiter_decision){ LIMITER_PENDING, 0 };
}

void limiter_decide(struct waiter *waiter, struct limiter_decision decision)
{
    limiter_cb decided = waiter->decided;
    void *arg = waiter->arg;
    remove_waiter(waiter);
    decided(arg, decision);
}

/* False when the first in line has to wait on. */
static bool serve_first(struct account *account, uint64_t now_us)
{
    struct limiter *limiter = account->limiter;
    struct waiter *waiter = list_entry(list_first(&account->waiting), struct waiter, in_account);
    if (waiter->n > limiter->burst) { /* it was made smaller meanwhile */
        limiter_decide(waiter, too_large(limiter));
        return true;
    }
    struct lease_answer answer = lease_take(&account->lease, waiter->n, now_us);
    if (answer.verdict == LEASE_ADMITTED)
        limiter_decide(waiter, limiter_counted(limiter, COUNT_ADMITTED, admitted));
    else if (answer.verdict == LEASE_LIMITED)
        limiter_decide(waiter, limited(limiter, answer.wait_us));
    else if (answer.verdict == LEASE_ASK && limiter_ask(account) != 0)
        limiter_decide(waiter, limiter_assume(account, waiter->n, now_us));
    else
        return false;
    return true;
}

/* Those who are told may come back with new requests, or close the limiter: nothing is held over from one to the next. */
void limiter_serve(struct account *account, uint64_t now_us)
{
    while (!list_empty(&account->waiting) && serve_first(account, now_us))
        ;
}

static void set_rate(struct limiter *limiter, double rate, int64_t burst)
{
    double second = rate < 1 ? 1 : rate;
    limiter->rate = rate;
    limiter->burst = burst > 0 ? (uint64_t)burst : (uint64_t)second;
    snprintf(limiter->rate_text, sizeof(limiter->rate_text), "%.17g", rate);
    snprintf(limiter->burst_text, sizeof(limiter->burst_text), "%llu", (unsigned long long)limiter->burst);
}

void limiter_change(struct limiter *limiter, double rate, int64_t burst)
{
    uint64_t now_us = clock_us();
    set_rate(limiter, rate, burst);
    list_each(link, &limiter->accounts)
        lease_change(&list_entry(link, struct account, in_limiter)->lease, rate, limiter->burst, now_us);
}

enum limiter_per limiter_per(const struct limiter *limiter)
{
    return limiter->per;
}

static char *name_in_redis(const struct limiter_options *options)
{
    if (options->config->name != NULL)
        return mem_strdup(options->config->name);
    char name[256];
    snprintf(name, sizeof(name), "millrace:limit:%s", options->stream);
    return mem_strdup(name);
}

struct limiter *limiter_start(const struct limiter_options *options)
{
    const struct limiter_config *config = options->config;
    struct limiter *limiter = mem_zalloc(sizeof(*limiter));
    limiter->loop = options->loop;
    limiter->redis = options->redis;
    limiter->per = (enum limiter_per)config->per;
    limiter->on_error = (enum limiter_on_error)config->on_error;
    limiter->name = name_in_redis(options);
    set_rate(limiter, config->rate, config->burst);
    redis_script_init(&limiter->script, limiter_lua);
    list_init(&limiter->waiting);
    list_init(&limiter->queued);
    list_init(&limiter->leased);
    limiter_trace_init(&limiter->trace, options->tracer, options->redis);
    limiter_init_accounts(limiter, clock_us());
    limiter_stats_init(limiter, options);

    gate_init(&limiter->gate);
    gate_enter(&limiter->gate);
    uv_timer_init(limiter->loop, &limiter->timer);
    limiter->timer.data = limiter;
    return limiter;
}

static void on_all_gone(void *arg)
{
    struct limiter *limiter = arg;
    void (*closed)(void *arg) = limiter->closed;
    void *closed_arg = limiter->closed_arg;
    limiter_free_accounts(limiter);
    mem_free(limiter->name);
    mem_free(limiter->section_name);
    mem_free(limiter);
    closed(closed_arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct limiter *limiter = handle->data;
    gate_leave(&limiter->gate);
}

void limiter_close(struct limiter *limiter, void (*closed)(void *arg), void *arg)
{
    assert(!limiter->closing);
    limiter->closing = true;
    limiter->closed = closed;
    limiter->closed_arg = arg;
    limiter_stats_close(limiter);

    struct list *first;
    while ((first = list_first(&limiter->waiting)) != NULL)
        limiter_decide(list_entry(first, struct waiter, in_limiter), refused);
    list_each(link, &limiter->leased)
        limiter_give_back(list_entry(link, struct account, leased));
    uv_close((uv_handle_t *)&limiter->timer, on_timer_closed);
    gate_close(&limiter->gate, on_all_gone, limiter);
}
