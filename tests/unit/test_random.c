#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct random given_seed(uint64_t seed)
{
    struct random random;
    random_init_seed(&random, seed);
    return random;
}

static void the_same_seed_gives_the_same_row(void **state)
{
    struct random a = given_seed(7), b = given_seed(7), c = given_seed(8);
    bool all_same = true;
    for (int i = 0; i < 100; i++) {
        uint64_t next = random_next(&a);
        assert_true(next == random_next(&b));
        all_same = all_same && next == random_next(&c);
    }
    assert_false(all_same);
}

static void two_seeded_by_the_system_differ(void **state)
{
    struct random a, b;
    random_init(&a);
    random_init(&b);
    assert_memory_not_equal(&a, &b, sizeof(a));
}

/* The generator's own reference: xoshiro256** from the state {1, 2, 3, 4} begins so. */
static void the_generator_is_xoshiro256_starstar(void **state)
{
    struct random random = { { 1, 2, 3, 4 } };
    static const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240 };
    for (int i = 0; i < 4; i++)
        assert_true(random_next(&random) == expected[i]);
}

static void between_reaches_both_ends_and_nothing_beyond(void **state)
{
    struct random random = given_seed(1);
    int counts[6] = { 0 };
    for (int i = 0; i < 60000; i++) {
        int64_t value = random_between(&random, -2, 3);
        assert_in_range(value + 2, 0, 5);
        counts[value + 2]++;
    }
    for (int i = 0; i < 6; i++) /* 10,000 expected; six standard deviations are 550 */
        assert_in_range(counts[i], 9450, 10550);
}

static void between_takes_the_widest_and_the_narrowest_range(void **state)
{
    struct random random = given_seed(2);
    assert_int_equal(random_between(&random, 5, 5), 5);
    bool below = false, above = false;
    for (int i = 0; i < 100; i++) {
        int64_t value = random_between(&random, INT64_MIN, INT64_MAX);
        below = below || value < INT64_MIN / 2;
        above = above || value > INT64_MAX / 2;
    }
    assert_true(below && above);
}

static void unit_stays_below_one_and_is_even(void **state)
{
    struct random random = given_seed(3);
    int counts[10] = { 0 };
    for (int i = 0; i < 100000; i++) {
        double value = random_unit(&random);
        assert_true(value >= 0 && value < 1);
        counts[(int)(value * 10)]++;
    }
    for (int i = 0; i < 10; i++) /* six standard deviations are 570 */
        assert_in_range(counts[i], 9430, 10570);
}

static void a_uuid_has_its_form_version_and_variant(void **state)
{
    struct random random = given_seed(4);
    for (int i = 0; i < 1000; i++) {
        char uuid[RANDOM_UUID_SIZE];
        random_uuid(&random, uuid);
        assert_int_equal(strlen(uuid), 36);
        assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
        for (int at = 0; at < 36; at++)
            assert_int_equal(uuid[at] == '-', at == 8 || at == 13 || at == 18 || at == 23);
        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_row),
        cmocka_unit_test(two_seeded_by_the_system_differ),
        cmocka_unit_test(the_generator_is_xoshiro256_starstar),
        cmocka_unit_test(between_reaches_both_ends_and_nothing_beyond),
        cmocka_unit_test(between_takes_the_widest_and_the_narrowest_range),
        cmocka_unit_test(unit_stays_below_one_and_is_even),
        cmocka_unit_test(a_uuid_has_its_form_version_and_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
