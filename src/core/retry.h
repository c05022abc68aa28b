/* retry: when a failed record is tried again. The schedule is data: base, doubled each time up to a cap, plus jitter.
 *
 *   attempt 1 fails -> base, attempt 2 fails -> 2 base, ... at most `max`, each plus 0..jitter; `retries` times in all. */
#pragma once

#include "base/random.h"

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    unsigned retries; /* beyond the first attempt */
    uint64_t base_us;
    uint64_t max_us;
    uint64_t jitter_us;
};

/* `attempt` (from 1) failed. Returns false when it was the last one; else sets `delay_us`. */
bool retry_next(const struct retry_policy *policy, unsigned attempt, struct random *random, uint64_t *delay_us);

/* The same without end, for what must not be given up (a publication, a stream whose database is away). */
uint64_t retry_delay_us(const struct retry_policy *policy, unsigned attempt, struct random *random);
