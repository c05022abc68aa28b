/* histogram: counts of durations with a bounded relative error, for quantiles in /debug/stats and attack.
 *
 * Log-linear buckets as in HdrHistogram: 64 sub-buckets a power of two, so a quantile is at most 1/64 = 1.6 %
 * above the true value. Values in microseconds, 0 .. 2^36 (19 hours); larger ones count as the largest.
 * Recording is O(1) without a division. About 16 KB each. One thread. */
#pragma once

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_MAX_BITS 36
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *histogram); /* a zeroed struct is an empty histogram too */
void histogram_record(struct histogram *histogram, uint64_t value_us);

/* The upper edge of the bucket in which the quantile (0..1, nearest rank) lies, never above max_us; 0 when empty.
 * O(buckets). */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
