#include "base/histogram.h"

#include <string.h>

enum { SUB_COUNT = 1 << HISTOGRAM_SUB_BITS, SUB_MASK = SUB_COUNT - 1 };

static const uint64_t largest = (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1;

/* Below SUB_COUNT each value has its bucket. Above, a value keeps its leading bit and the HISTOGRAM_SUB_BITS after it;
 * how many bits were dropped counts the rows of SUB_COUNT buckets. */
static unsigned bucket_of(uint64_t value)
{
    if (value < SUB_COUNT)
        return (unsigned)value;
    unsigned dropped = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return ((dropped + 1) << HISTOGRAM_SUB_BITS) + ((unsigned)(value >> dropped) & SUB_MASK);
}

static uint64_t upper_edge(unsigned bucket)
{
    if (bucket < SUB_COUNT)
        return bucket;
    unsigned dropped = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t kept = SUB_COUNT + (bucket & SUB_MASK);
    return ((kept + 1) << dropped) - 1;
}

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

void histogram_record(struct histogram *histogram, uint64_t value_us)
{
    if (value_us > largest)
        value_us = largest;
    histogram->buckets[bucket_of(value_us)]++;
    histogram->count++;
    histogram->sum_us += value_us;
    if (value_us > histogram->max_us)
        histogram->max_us = value_us;
}

/* The nearest-rank quantile: the smallest value that at least that share of all values does not pass. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    if (histogram->count == 0)
        return 0;
    double rank = quantile * (double)histogram->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > 0 && (double)seen >= rank)
            return upper_edge(i) < histogram->max_us ? upper_edge(i) : histogram->max_us;
    }
    return histogram->max_us;
}
