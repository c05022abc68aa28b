#include "core/lanes.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crafted_keys.h"

#define SEED 1

static struct record keyed(const char *key)
{
    return (struct record){ .key = text_of(key) };
}

static void records_of_a_key_follow_one_another(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_KEY, SEED);
    struct record a1 = keyed("a"), a2 = keyed("a"), b1 = keyed("b");

    assert_true(lane_add(&set, &a1));
    assert_false(lane_add(&set, &a2));
    assert_true(lane_add(&set, &b1));
    lane_start(&set, &a1);
    lane_start(&set, &b1);
    assert_null(lane_done(&set, &b1));
    assert_ptr_equal(lane_done(&set, &a1), &a2);
    lane_start(&set, &a2);
    assert_null(lane_done(&set, &a2));
    lane_set_close(&set);
}

static void a_failed_record_holds_back_only_its_own_key(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_KEY, SEED);
    struct record a1 = keyed("a"), a2 = keyed("a"), b1 = keyed("b"), b2 = keyed("b");
    lane_add(&set, &a1);
    lane_add(&set, &a2);
    lane_add(&set, &b1);
    lane_add(&set, &b2);
    lane_start(&set, &a1);
    lane_start(&set, &b1);
    lane_rest(&set, &a1);

    assert_int_equal(set.resting, 1);
    assert_int_equal(set.queued, 1); /* b2; a2 waits behind one that rests */
    assert_ptr_equal(lane_done(&set, &b1), &b2);
    lane_wake(&set, &a1);
    assert_int_equal(set.queued, 1); /* what comes back takes no place */
    lane_start(&set, &a1);
    assert_ptr_equal(lane_done(&set, &a1), &a2);

    lane_drop(&set, &a2);
    lane_drop(&set, &b2);
    assert_int_equal(set.queued, 0);
    lane_set_close(&set);
}

static void a_record_may_end_while_it_rests(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_PARTITION, SEED);
    struct record a = { 0 }, b = { 0 };
    lane_add(&set, &a);
    lane_add(&set, &b);
    lane_start(&set, &a);
    lane_rest(&set, &a);
    assert_ptr_equal(lane_done(&set, &a), &b);
    assert_int_equal(set.resting, 0);
    assert_int_equal(set.queued, 1);
    lane_drop(&set, &b);
    lane_set_close(&set);
}

static void records_without_a_key_wait_for_nobody(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_KEY, SEED);
    struct record first = { 0 }, second = { 0 }, empty1 = keyed(""), empty2 = keyed("");
    assert_true(lane_add(&set, &first));
    assert_true(lane_add(&set, &second));
    assert_true(lane_add(&set, &empty1));
    assert_false(lane_add(&set, &empty2)); /* an empty key is a key */
    lane_drop(&set, &first);
    lane_drop(&set, &second);
    lane_drop(&set, &empty1);
    lane_drop(&set, &empty2);
    lane_set_close(&set);
}

static void in_partition_order_every_record_waits_for_the_one_before(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_PARTITION, SEED);
    struct record a = keyed("a"), b = keyed("b"), c = { 0 };
    assert_true(lane_add(&set, &a));
    assert_false(lane_add(&set, &b));
    assert_false(lane_add(&set, &c));
    lane_start(&set, &a);
    assert_ptr_equal(lane_done(&set, &a), &b);
    lane_start(&set, &b);
    assert_ptr_equal(lane_done(&set, &b), &c);
    lane_start(&set, &c);
    assert_null(lane_done(&set, &c));
    lane_set_close(&set);
}

static void without_order_nobody_waits(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_NONE, SEED);
    struct record a = keyed("a"), b = keyed("a");
    assert_true(lane_add(&set, &a));
    assert_true(lane_add(&set, &b));
    lane_drop(&set, &a);
    lane_drop(&set, &b);
    lane_set_close(&set);
}

static void dropping_behind_a_resting_record_counts_right(void **state)
{
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_PARTITION, SEED);
    struct record a = { 0 }, b = { 0 }, c = { 0 };
    lane_add(&set, &a);
    lane_add(&set, &b);
    lane_add(&set, &c);
    lane_start(&set, &a);
    lane_rest(&set, &a);
    assert_int_equal(set.queued, 2); /* in one lane for all they keep their places */
    lane_drop(&set, &b);
    assert_int_equal(set.queued, 1);
    lane_drop(&set, &a);
    assert_int_equal(set.queued, 1);
    lane_drop(&set, &c);
    assert_int_equal(set.queued, 0);
    lane_set_close(&set);
}

static void a_lane_set_is_empty_after_a_million_keys(void **state)
{
    enum { AT_ONCE = 5000, ROUNDS = 200 };
    static struct record records[AT_ONCE];
    static char keys[AT_ONCE][16];
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_KEY, SEED);

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            snprintf(keys[i], sizeof(keys[i]), "k-%d", round * AT_ONCE + i);
            records[i] = keyed(keys[i]);
            assert_true(lane_add(&set, &records[i]));
        }
        assert_int_equal(set.lanes, AT_ONCE);
        for (int i = 0; i < AT_ONCE; i++) {
            lane_start(&set, &records[i]);
            lane_done(&set, &records[i]);
        }
    }
    assert_int_equal(set.lanes, 0);
    assert_true(set.bucket_count <= 64);
    lane_set_close(&set);
}

static void add_and_drop(const uint64_t *keys)
{
    static struct record records[CRAFTED_KEYS];
    struct lane_set set;
    lane_set_init(&set, LANE_ORDER_KEY, SEED);
    for (int i = 0; i < CRAFTED_KEYS; i++) {
        records[i] = (struct record){ .key = crafted_key(keys, i) };
        assert_true(lane_add(&set, &records[i]));
    }
    for (int i = 0; i < CRAFTED_KEYS; i++)
        lane_drop(&set, &records[i]);
    lane_set_close(&set);
}

static void keys_that_were_chosen_to_share_a_bucket_do_not(void **state)
{
    given_crafted_keys();
    assert_true(shortest_ns(add_and_drop, crafted) < 8 * shortest_ns(add_and_drop, usual));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_a_key_follow_one_another),
        cmocka_unit_test(a_failed_record_holds_back_only_its_own_key),
        cmocka_unit_test(a_record_may_end_while_it_rests),
        cmocka_unit_test(records_without_a_key_wait_for_nobody),
        cmocka_unit_test(in_partition_order_every_record_waits_for_the_one_before),
        cmocka_unit_test(without_order_nobody_waits),
        cmocka_unit_test(dropping_behind_a_resting_record_counts_right),
        cmocka_unit_test(a_lane_set_is_empty_after_a_million_keys),
        cmocka_unit_test(keys_that_were_chosen_to_share_a_bucket_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
