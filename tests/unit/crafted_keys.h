/* crafted_keys: keys that a stranger would choose to make a table slow: XXH3 without a seed ends alike for all of them. */
#pragma once

#include "base/text.h"

#include <stdint.h>
#include <time.h>
#include <xxhash.h>

enum { CRAFTED_KEYS = 2048 }; /* a power of two */

static uint64_t crafted[CRAFTED_KEYS], usual[CRAFTED_KEYS];

static struct text crafted_key(const uint64_t *keys, int i)
{
    return (struct text){ (const char *)&keys[i], sizeof(keys[i]) };
}

static void given_crafted_keys(void)
{
    uint64_t tried = 0;
    for (int i = 0; i < CRAFTED_KEYS; i++) {
        usual[i] = (uint64_t)i;
        while ((XXH3_64bits(&tried, sizeof(tried)) & (CRAFTED_KEYS - 1)) != 0)
            tried++;
        crafted[i] = tried++;
    }
}

/* Of this thread: a processor that is taken away does not count. */
static uint64_t processor_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The shortest of a few times; a table in which they all share a chain needs some hundred times that of usual keys. */
static uint64_t shortest_ns(void (*with)(const uint64_t *keys), const uint64_t *keys)
{
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t begun = processor_ns();
        with(keys);
        uint64_t taken = processor_ns() - begun;
        shortest = taken < shortest ? taken : shortest;
    }
    return shortest;
}
