#include "base/random.h"

#include "base/hex.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* splitmix64 spreads a small seed over the whole state, as the authors of xoshiro advise. */
void random_init_seed(struct random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        random->state[i] = z ^ (z >> 31);
    }
}

static void from_system(void *out, size_t size)
{
    if (getrandom(out, size, 0) != (ssize_t)size)
        abort(); /* cannot happen for 32 bytes once the pool is seeded: getrandom(2) */
}

void random_init(struct random *random)
{
    from_system(random->state, sizeof(random->state));
}

uint64_t random_seed(void)
{
    uint64_t seed;
    from_system(&seed, sizeof(seed));
    return seed;
}

uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

__extension__ typedef unsigned __int128 uint128;

/* Lemire's multiplication instead of a division; the bias is below 2^-32 for the ranges used here. */
int64_t random_between(struct random *random, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    if (span == 0)
        return (int64_t)random_next(random);
    uint128 product = (uint128)random_next(random) * span;
    return (int64_t)((uint64_t)low + (uint64_t)(product >> 64));
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

void random_uuid(struct random *random, char out[RANDOM_UUID_SIZE])
{
    uint64_t words[2] = { random_next(random), random_next(random) };
    unsigned char bytes[16];
    memcpy(bytes, words, sizeof(bytes));
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;

    char *at = hex_write(out, bytes, 4);
    for (int i = 4; i < 10; i += 2) {
        *at++ = '-';
        at = hex_write(at, bytes + i, 2);
    }
    *at++ = '-';
    *hex_write(at, bytes + 10, 6) = '\0';
}
