#include "base/histogram.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { VALUES = 5000 };

static uint64_t seed;
static struct histogram histogram;

static int reset(void **state)
{
    histogram_reset(&histogram);
    return 0;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void an_empty_histogram_answers_zero(void **state)
{
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    assert_int_equal(histogram_quantile(&histogram, 1), 0);
}

static void small_values_are_exact(void **state)
{
    for (uint64_t value = 1; value <= 100; value++)
        histogram_record(&histogram, value);
    assert_int_equal(histogram_quantile(&histogram, 0), 1);
    assert_int_equal(histogram_quantile(&histogram, 0.01), 1);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 50);
    assert_int_equal(histogram_quantile(&histogram, 1), 100);
    assert_int_equal(histogram.sum_us, 5050);
}

static void a_lone_value_is_every_quantile(void **state)
{
    histogram_record(&histogram, 123456789);
    assert_int_equal(histogram_quantile(&histogram, 0), 123456789);
    assert_int_equal(histogram_quantile(&histogram, 0.99), 123456789);
}

static void what_is_too_large_counts_as_the_largest(void **state)
{
    histogram_record(&histogram, UINT64_MAX);
    histogram_record(&histogram, UINT64_C(1) << HISTOGRAM_MAX_BITS);
    assert_int_equal(histogram.count, 2);
    assert_int_equal(histogram.max_us, (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
    assert_int_equal(histogram_quantile(&histogram, 0.5), (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
}

/* Against a sorted array: never below the true value, and at most 1/64 above it, over all sizes of values. */
static void quantiles_are_at_most_a_64th_above_the_truth(void **state)
{
    static const double quantiles[] = { 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1 };
    static uint64_t values[VALUES];
    struct random random;
    random_init_seed(&random, seed);

    for (int round = 0; round < 100; round++) {
        int64_t bits = random_between(&random, 1, HISTOGRAM_MAX_BITS);
        histogram_reset(&histogram);
        for (int i = 0; i < VALUES; i++) {
            values[i] = random_next(&random) >> (64 - random_between(&random, 1, bits));
            histogram_record(&histogram, values[i]);
        }
        qsort(values, VALUES, sizeof(values[0]), ascending);
        for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
            int rank = (int)(quantiles[i] * VALUES);
            uint64_t truth = values[(rank < quantiles[i] * VALUES ? rank + 1 : rank) - 1];
            uint64_t found = histogram_quantile(&histogram, quantiles[i]);
            assert_true(found >= truth);
            assert_true(found <= truth + truth / 64);
        }
    }
}

int main(void)
{
    seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_histogram_answers_zero, reset),
        cmocka_unit_test_setup(small_values_are_exact, reset),
        cmocka_unit_test_setup(a_lone_value_is_every_quantile, reset),
        cmocka_unit_test_setup(what_is_too_large_counts_as_the_largest, reset),
        cmocka_unit_test_setup(quantiles_are_at_most_a_64th_above_the_truth, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
