#include "core/lease.h"

#include <assert.h>

struct lease_answer lease_take(struct lease *lease, uint64_t n, uint64_t now_us)
{
    if (n <= lease->tokens) {
        lease->tokens -= n;
        return (struct lease_answer){ LEASE_ADMITTED, 0 };
    }
    if (lease->asking)
        return (struct lease_answer){ LEASE_WAIT, 0 };

    /* Less than half a lease is not worth a call: what is not fetched now gathers in the shared bucket. This keeps the
     * calls few when all processes together are asked for more than the rate. */
    uint64_t missing = n - lease->tokens;
    uint64_t worth = (lease->size + 1) / 2;
    uint64_t wait_us = bucket_wait(&lease->mirror, missing > worth ? missing : worth, now_us);
    if (wait_us > 0)
        return (struct lease_answer){ LEASE_LIMITED, wait_us };
    return (struct lease_answer){ LEASE_ASK, 0 };
}

struct lease_answer lease_take_local(struct lease *lease, uint64_t n, uint64_t now_us)
{
    uint64_t here = n < lease->tokens ? n : lease->tokens;
    uint64_t wait_us = bucket_take(&lease->mirror, n - here, now_us);
    if (wait_us > 0)
        return (struct lease_answer){ LEASE_LIMITED, wait_us };
    lease->tokens -= here;
    return (struct lease_answer){ LEASE_ADMITTED, 0 };
}

static bool ages(const struct lease *lease, uint64_t now_us)
{
    return lease->tokens > 0 && lease->tokens < lease->size && now_us + LEASE_LIFE_US / 2 >= lease->expires_us;
}

bool lease_is_low(struct lease *lease, uint64_t now_us)
{
    if (lease->asking || (lease->tokens >= lease->size / 2 && !ages(lease, now_us)))
        return false;
    return bucket_wait(&lease->mirror, (lease->size + 1) / 2, now_us) == 0;
}

struct lease_ask lease_ask(struct lease *lease, uint64_t first, uint64_t waiting)
{
    assert(!lease->asking);
    lease->asking = true;
    if (waiting == 0)
        return (struct lease_ask){ .need = 1, .want = lease->size - lease->tokens };

    /* At low rates the lease is the request's own token: nothing is fetched ahead. */
    assert(first > lease->tokens && waiting >= first);
    return (struct lease_ask){ .need = first - lease->tokens, .want = waiting + lease->size - 1 - lease->tokens };
}

void lease_granted(struct lease *lease, uint64_t granted, uint64_t left_millionths, uint64_t now_us)
{
    assert(lease->asking);
    lease->asking = false;
    lease->tokens += granted;
    lease->expires_us = now_us + LEASE_LIFE_US;
    bucket_set(&lease->mirror, left_millionths, now_us);
}

void lease_failed(struct lease *lease)
{
    assert(lease->asking);
    lease->asking = false;
}

bool lease_expired(const struct lease *lease, uint64_t now_us)
{
    return lease->tokens > 0 && now_us >= lease->expires_us;
}

uint64_t lease_rest(struct lease *lease)
{
    uint64_t rest = lease->tokens;
    lease->tokens = 0;
    return rest;
}

void lease_returned(struct lease *lease, uint64_t left_millionths, uint64_t now_us)
{
    bucket_set(&lease->mirror, left_millionths, now_us);
}

void lease_init(struct lease *lease, double rate, uint64_t burst, uint64_t now_us)
{
    *lease = (struct lease){ .size = lease_size(rate, burst) };
    bucket_init(&lease->mirror, rate, burst, now_us);
}

void lease_change(struct lease *lease, double rate, uint64_t burst, uint64_t now_us)
{
    bucket_change(&lease->mirror, rate, burst, now_us);
    lease->size = lease_size(rate, burst);
}

uint64_t lease_size(double rate, uint64_t burst)
{
    uint64_t share = (uint64_t)(rate * LEASE_SHARE_US / 1000000);
    if (share > burst / 8)
        share = burst / 8;
    return share > 1 ? share : 1;
}
