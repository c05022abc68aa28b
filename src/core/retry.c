#include "core/retry.h"

uint64_t retry_delay_us(const struct retry_policy *policy, unsigned attempt, struct random *random)
{
    uint64_t delay_us = policy->base_us;
    for (unsigned i = 1; i < attempt && delay_us > 0 && delay_us < policy->max_us; i++)
        delay_us *= 2;
    if (delay_us > policy->max_us)
        delay_us = policy->max_us;
    return delay_us + (uint64_t)random_between(random, 0, (int64_t)policy->jitter_us);
}

bool retry_next(const struct retry_policy *policy, unsigned attempt, struct random *random, uint64_t *delay_us)
{
    if (attempt > policy->retries)
        return false;
    *delay_us = retry_delay_us(policy, attempt, random);
    return true;
}
