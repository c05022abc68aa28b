/* hot_keys: which keys come most often now, in fixed memory. The Space-Saving sketch: Metwally, Agrawal, El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams" (ICDT 2005), with its stream-summary.
 *
 * It holds k counters. A key without one takes over the least counter, and with it that count as its possible error.
 * Each `half_life` all counts are halved, so that "hot" means hot now.
 *
 * Let f be a key's count with the same halving, and n that of all keys. Then always
 *   count - error <= f < count + 1,   error < n/k + 1,   and every key with f >= n/k + 1 has a counter.
 * The ones are what halving whole numbers may lose. (Each step keeps them: floor(c/2) > c/2 - 1.)
 *
 * Keys up to HOT_KEY_SIZE bytes are held as they are; a longer one as its begin, "~" and the 16 hex digits of its hash,
 * which are the same in every process.
 * Counting a key is O(1), without allocation. One thread. */
#pragma once

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

#define HOT_KEY_SIZE          64
#define HOT_KEYS_COUNTERS     64 /* a default: finds every key above 1/64 of the traffic */
#define HOT_KEYS_COUNTERS_MAX 4096

struct hot_key {
    struct text key; /* the sketch's, until its next change */
    uint64_t count;
    uint64_t error; /* the true count is at least count - error */
};

struct hot_keys;

/* 1 <= counters <= HOT_KEYS_COUNTERS_MAX; half_life_us 0: never halve. `seed` (random_seed) goes into the hash of keys: who sends them
 * cannot choose such as share a slot. About 200 bytes a counter. */
struct hot_keys *hot_keys_new(size_t counters, uint64_t half_life_us, uint64_t seed);
void hot_keys_free(struct hot_keys *keys); /* NULL does no harm */

/* Counts a key. An absent key (data == NULL) is not counted; an empty one is a key. `now_us` never goes back. */
void hot_keys_count(struct hot_keys *keys, struct text key, uint64_t now_us);

/* Fills `top` with up to `size` keys, the hottest first, halved up to `now_us`. Returns how many. O(size). */
size_t hot_keys_top(struct hot_keys *keys, uint64_t now_us, struct hot_key *top, size_t size);

/* Counts of all keys together, halved like them: what a share is a share of. */
uint64_t hot_keys_total(const struct hot_keys *keys);
