#include "base/random.h"
#include "core/hot_keys.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crafted_keys.h"

#define SECOND UINT64_C(1000000)
#define START  (100 * SECOND)
#define SEED   1

static void count_times(struct hot_keys *keys, const char *key, int times, uint64_t now_us)
{
    for (int i = 0; i < times; i++)
        hot_keys_count(keys, text_of(key), now_us);
}

static void the_hottest_comes_first(void **state)
{
    struct hot_keys *keys = hot_keys_new(4, 0, SEED);
    count_times(keys, "warm", 5, START);
    count_times(keys, "hot", 9, START);
    count_times(keys, "cold", 1, START);

    struct hot_key top[4];
    assert_int_equal(hot_keys_top(keys, START, top, 4), 3);
    assert_true(text_is(top[0].key, "hot"));
    assert_int_equal(top[0].count, 9);
    assert_int_equal(top[0].error, 0);
    assert_true(text_is(top[1].key, "warm"));
    assert_true(text_is(top[2].key, "cold"));
    assert_int_equal(hot_keys_total(keys), 15);
    assert_int_equal(hot_keys_top(keys, START, top, 2), 2);
    hot_keys_free(keys);
}

static void a_new_key_takes_over_the_least_counter_and_its_count_as_error(void **state)
{
    struct hot_keys *keys = hot_keys_new(2, 0, SEED);
    count_times(keys, "hot", 10, START);
    count_times(keys, "old", 3, START);
    count_times(keys, "new", 1, START);

    struct hot_key top[2];
    assert_int_equal(hot_keys_top(keys, START, top, 2), 2);
    assert_true(text_is(top[0].key, "hot"));
    assert_true(text_is(top[1].key, "new"));
    assert_int_equal(top[1].count, 4);
    assert_int_equal(top[1].error, 3);
    hot_keys_free(keys);
}

static void one_counter_is_enough_to_follow_the_last_key(void **state)
{
    struct hot_keys *keys = hot_keys_new(1, 0, SEED);
    count_times(keys, "a", 2, START);
    count_times(keys, "b", 1, START);
    struct hot_key top;
    assert_int_equal(hot_keys_top(keys, START, &top, 1), 1);
    assert_true(text_is(top.key, "b"));
    assert_int_equal(top.count, 3);
    assert_int_equal(top.error, 2);
    hot_keys_free(keys);
}

static void what_was_hot_is_halved_each_half_life_and_then_gone(void **state)
{
    struct hot_keys *keys = hot_keys_new(4, 10 * SECOND, SEED);
    count_times(keys, "yesterday", 8, START);
    count_times(keys, "today", 5, START + 10 * SECOND);

    struct hot_key top[4];
    assert_int_equal(hot_keys_top(keys, START + 10 * SECOND, top, 4), 2);
    assert_true(text_is(top[0].key, "today"));
    assert_int_equal(top[0].count, 5);
    assert_int_equal(top[1].count, 4);
    assert_int_equal(hot_keys_total(keys), 9);

    assert_int_equal(hot_keys_top(keys, START + 39 * SECOND, top, 4), 2); /* 4 >> 2 = 1, 5 >> 2 = 1 */
    assert_int_equal(hot_keys_top(keys, START + 40 * SECOND, top, 4), 0);
    assert_int_equal(hot_keys_top(keys, START + 1000000 * SECOND, top, 4), 0);
    count_times(keys, "tomorrow", 1, START + 1000000 * SECOND);
    assert_int_equal(hot_keys_top(keys, START + 1000000 * SECOND, top, 4), 1);
    hot_keys_free(keys);
}

static void an_absent_key_is_not_counted_and_an_empty_one_is(void **state)
{
    struct hot_keys *keys = hot_keys_new(4, 0, SEED);
    struct hot_key top;
    hot_keys_count(keys, TEXT_NONE, START);
    assert_int_equal(hot_keys_top(keys, START, &top, 1), 0);
    hot_keys_count(keys, TEXT(""), START);
    assert_int_equal(hot_keys_top(keys, START, &top, 1), 1);
    assert_int_equal(top.key.size, 0);
    hot_keys_free(keys);
}

static void long_keys_of_one_begin_are_told_apart(void **state)
{
    char a[200], b[200];
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    b[199] = 'y';
    struct hot_keys *keys = hot_keys_new(4, 0, SEED);
    for (int i = 0; i < 3; i++)
        hot_keys_count(keys, (struct text){ a, sizeof(a) }, START);
    hot_keys_count(keys, (struct text){ b, sizeof(b) }, START);
    hot_keys_count(keys, (struct text){ a, HOT_KEY_SIZE }, START);

    struct hot_key top[4];
    assert_int_equal(hot_keys_top(keys, START, top, 4), 3);
    assert_int_equal(top[0].count, 3);
    assert_int_equal(top[0].key.size, HOT_KEY_SIZE);
    assert_memory_equal(top[0].key.data, a, HOT_KEY_SIZE - 17);
    assert_int_equal(top[0].key.data[HOT_KEY_SIZE - 17], '~');
    hot_keys_free(keys);
}

static void count_twice(const uint64_t *each)
{
    struct hot_keys *keys = hot_keys_new(CRAFTED_KEYS, 0, SEED);
    for (int i = 0; i < 2 * CRAFTED_KEYS; i++)
        hot_keys_count(keys, crafted_key(each, i % CRAFTED_KEYS), START);
    hot_keys_free(keys);
}

static void keys_that_were_chosen_to_share_a_slot_do_not(void **state)
{
    given_crafted_keys();
    assert_true(shortest_ns(count_twice, crafted) < 8 * shortest_ns(count_twice, usual));
}

/* Exact counts of a few hundred keys beside the sketch. Keys are drawn unevenly (u to a power), and the even share moves,
 * so that counters are taken over all the time. */

#define KEYS  300
#define STEPS 20000

struct world {
    struct random random;
    struct hot_keys *keys;
    size_t counters;
    uint64_t half_life_us;
    uint64_t now;
    double exact[KEYS];
    double total;
};

static void one_key_comes(struct world *world, double skew)
{
    int key = (int)(KEYS * pow(random_unit(&world->random), skew));
    char name[16];
    hot_keys_count(world->keys, (struct text){ name, (size_t)snprintf(name, sizeof(name), "key-%d", key) }, world->now);
    world->exact[key]++;
    world->total++;
}

static void time_passes(struct world *world)
{
    uint64_t before = world->now;
    world->now += (uint64_t)random_between(&world->random, 0, 2000);
    for (uint64_t n = before / world->half_life_us; n < world->now / world->half_life_us; n++) {
        world->total /= 2;
        for (int i = 0; i < KEYS; i++)
            world->exact[i] /= 2;
    }
}

static void assert_bounds(struct world *world)
{
    struct hot_key top[KEYS];
    bool shown[KEYS] = { false };
    size_t count = hot_keys_top(world->keys, world->now, top, KEYS);
    double share = world->total / (double)world->counters;
    assert_true(count <= world->counters);
    for (size_t i = 0; i < count; i++) {
        char name[16] = { 0 };
        memcpy(name, top[i].key.data, top[i].key.size);
        int key = atoi(name + strlen("key-"));
        assert_false(shown[key]);
        shown[key] = true;
        assert_true(i == 0 || top[i].count <= top[i - 1].count);
        assert_true((double)top[i].count - (double)top[i].error <= world->exact[key]);
        assert_true(world->exact[key] < (double)top[i].count + 1);
        assert_true((double)top[i].error < share + 1);
    }
    for (int i = 0; i < KEYS; i++)
        assert_true(shown[i] || world->exact[i] < share + 1);
}

static void run_schedule(uint64_t seed)
{
    static struct world world;
    memset(&world, 0, sizeof(world));
    random_init_seed(&world.random, seed);
    world.counters = (size_t)random_between(&world.random, 1, 80);
    world.half_life_us = (uint64_t)random_between(&world.random, 100000, 10000000);
    world.now = world.half_life_us; /* windows begin at the first key: here at multiples */
    world.keys = hot_keys_new(world.counters, world.half_life_us, SEED);
    double skew = 1 + 5 * random_unit(&world.random);
    for (int i = 0; i < STEPS; i++) {
        one_key_comes(&world, skew);
        time_passes(&world);
        if (i % 64 == 0)
            assert_bounds(&world);
    }
    hot_keys_free(world.keys);
}

static void whatever_comes_counts_stay_within_the_bounds(void **state)
{
    const char *one = getenv("SEED");
    struct random random;
    random_init(&random);
    uint64_t first = one == NULL ? random_next(&random) >> 16 : strtoull(one, NULL, 10);
    print_message("SEED=%llu and the following\n", (unsigned long long)first);
    for (uint64_t i = 0; i < 30; i++)
        run_schedule(first + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hottest_comes_first),
        cmocka_unit_test(a_new_key_takes_over_the_least_counter_and_its_count_as_error),
        cmocka_unit_test(one_counter_is_enough_to_follow_the_last_key),
        cmocka_unit_test(what_was_hot_is_halved_each_half_life_and_then_gone),
        cmocka_unit_test(an_absent_key_is_not_counted_and_an_empty_one_is),
        cmocka_unit_test(long_keys_of_one_begin_are_told_apart),
        cmocka_unit_test(keys_that_were_chosen_to_share_a_slot_do_not),
        cmocka_unit_test(whatever_comes_counts_stay_within_the_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
