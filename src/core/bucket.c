#include "core/bucket.h"

#include <assert.h>

#define UNITS_PER_TOKEN     UINT64_C(1000000000)
#define UNITS_PER_MILLIONTH (UNITS_PER_TOKEN / 1000000)

static void shape(struct bucket *bucket, double rate, uint64_t burst)
{
    assert(rate >= BUCKET_RATE_MIN && rate <= BUCKET_RATE_MAX);
    assert(burst >= 1 && (double)burst <= BUCKET_BURST_MAX);
    bucket->flow = (uint64_t)(rate * 1000 + 0.5);
    bucket->capacity = burst * UNITS_PER_TOKEN;
}

/* The level at `now_us`. Compares before it multiplies, so a day without a request overflows nothing. */
static uint64_t level_at(const struct bucket *bucket, uint64_t now_us)
{
    if (now_us <= bucket->updated_us)
        return bucket->level;
    uint64_t elapsed = now_us - bucket->updated_us;
    uint64_t room = bucket->capacity - bucket->level;
    return elapsed > room / bucket->flow ? bucket->capacity : bucket->level + elapsed * bucket->flow;
}

static void refill(struct bucket *bucket, uint64_t now_us)
{
    bucket->level = level_at(bucket, now_us);
    if (now_us > bucket->updated_us)
        bucket->updated_us = now_us;
}

void bucket_init(struct bucket *bucket, double rate, uint64_t burst, uint64_t now_us)
{
    shape(bucket, rate, burst);
    bucket->level = bucket->capacity;
    bucket->updated_us = now_us;
}

void bucket_change(struct bucket *bucket, double rate, uint64_t burst, uint64_t now_us)
{
    refill(bucket, now_us);
    shape(bucket, rate, burst);
    if (bucket->level > bucket->capacity)
        bucket->level = bucket->capacity;
}

uint64_t bucket_take(struct bucket *bucket, uint64_t n, uint64_t now_us)
{
    uint64_t wait_us = bucket_wait(bucket, n, now_us);
    if (wait_us == 0)
        bucket->level -= n * UNITS_PER_TOKEN;
    return wait_us;
}

uint64_t bucket_wait(struct bucket *bucket, uint64_t n, uint64_t now_us)
{
    assert(n <= bucket->capacity / UNITS_PER_TOKEN);
    refill(bucket, now_us);
    uint64_t needed = n * UNITS_PER_TOKEN;
    if (needed <= bucket->level)
        return 0;
    uint64_t flows_us = (needed - bucket->level + bucket->flow - 1) / bucket->flow;
    return flows_us + (bucket->updated_us - now_us); /* nothing flows before the time is back at updated_us */
}

void bucket_give(struct bucket *bucket, uint64_t n, uint64_t now_us)
{
    refill(bucket, now_us);
    uint64_t room = bucket->capacity - bucket->level;
    bucket->level = n > room / UNITS_PER_TOKEN ? bucket->capacity : bucket->level + n * UNITS_PER_TOKEN;
}

void bucket_set(struct bucket *bucket, uint64_t millionths, uint64_t now_us)
{
    uint64_t most = bucket->capacity / UNITS_PER_MILLIONTH;
    bucket->level = millionths > most ? bucket->capacity : millionths * UNITS_PER_MILLIONTH;
    bucket->updated_us = now_us;
}

double bucket_tokens(const struct bucket *bucket, uint64_t now_us)
{
    return (double)level_at(bucket, now_us) / (double)UNITS_PER_TOKEN;
}
