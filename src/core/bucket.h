/* bucket: a token bucket that refills continuously: `rate` tokens a second, `burst` at most.
 *
 * Over any time t it gives at most burst + rate x t tokens, exactly: the level is an integer, so nothing drifts. Its unit is
 * a token / 10^9: at a rate of r thousandths of a token a second, r units flow in each microsecond.
 *
 * Pure: the caller says what time it is. Time that goes back refills nothing and takes nothing away; refilling goes on when
 * the time has come back to where it was. O(1). One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_BURST_MAX 1000000000.0 /* 10^9 tokens x 10^9 units stay below 2^63 */
#define BUCKET_RATE_MAX  1000000000.0 /* tokens a second */
#define BUCKET_RATE_MIN  0.001        /* the resolution of `rate` */

struct bucket {
    uint64_t level; /* units, at updated_us */
    uint64_t capacity;
    uint64_t flow; /* units a microsecond */
    uint64_t updated_us;
};

/* A full bucket. `rate` is within BUCKET_RATE_MIN..MAX, `burst` within 1..BUCKET_BURST_MAX. */
void bucket_init(struct bucket *bucket, double rate, uint64_t burst, uint64_t now_us);

/* Changes rate and burst; what is in it stays, up to the new burst. */
void bucket_change(struct bucket *bucket, double rate, uint64_t burst, uint64_t now_us);

/* Takes `n` tokens. Returns 0 when it did; else how long until they are there, in microseconds, with nothing taken.
 * `n` is at most the burst: more never come together. */
uint64_t bucket_take(struct bucket *bucket, uint64_t n, uint64_t now_us);

/* What bucket_take would return; takes nothing. */
uint64_t bucket_wait(struct bucket *bucket, uint64_t n, uint64_t now_us);

/* Puts `n` tokens back; what passes the burst is lost. */
void bucket_give(struct bucket *bucket, uint64_t n, uint64_t now_us);

/* Says that the bucket holds so many millionths of a token now (at most the burst counts). */
void bucket_set(struct bucket *bucket, uint64_t millionths, uint64_t now_us);

/* Tokens in it, for people. */
double bucket_tokens(const struct bucket *bucket, uint64_t now_us);
