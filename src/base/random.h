/* random: a fast generator for ids and jitter; not for secrets.
 * xoshiro256** (Blackman and Vigna, 2018), seeded from the operating system. One state a thread. */
#pragma once

#include <stdint.h>

struct random {
    uint64_t state[4];
};

void random_init(struct random *random);                     /* seeded from getrandom(2) */
void random_init_seed(struct random *random, uint64_t seed); /* repeatable, for tests */

/* A word of getrandom(2) itself, which nobody learns from the ids that a generator has given away: to seed a hash of what strangers send.
 */
uint64_t random_seed(void);

uint64_t random_next(struct random *random);

/* Evenly from low..high, both included; low <= high. */
int64_t random_between(struct random *random, int64_t low, int64_t high);

/* Evenly from [0, 1). */
double random_unit(struct random *random);

/* A version 4 UUID (RFC 9562 section 5.4) as text with its final NUL. */
#define RANDOM_UUID_SIZE 37
void random_uuid(struct random *random, char out[RANDOM_UUID_SIZE]);
