#include "core/spread.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PARTITIONS 4
#define HOLD_US    500

static struct spread spread;
static bool without_leader[PARTITIONS];

static bool has_leader(const void *arg, int32_t partition)
{
    return !((const bool *)arg)[partition];
}

static int32_t chosen_at(uint64_t now_us)
{
    return spread_choose(&spread, PARTITIONS, now_us, has_leader, without_leader);
}

static int given_a_spread(void **state)
{
    spread_init(&spread, HOLD_US, 3);
    for (int i = 0; i < PARTITIONS; i++)
        without_leader[i] = false;
    return 0;
}

static int free_spread(void **state)
{
    spread_free(&spread);
    return 0;
}

static void a_partition_takes_records_until_its_batch_has_had_its_time(void **state)
{
    int32_t first = chosen_at(10000);
    assert_int_equal(chosen_at(10000 + HOLD_US - 1), first);
    assert_int_not_equal(chosen_at(10000 + HOLD_US), first);
}

static void each_partition_has_its_turn(void **state)
{
    int32_t first = chosen_at(10000);
    for (int i = 1; i <= 2 * PARTITIONS; i++)
        assert_int_equal(chosen_at(10000 + (uint64_t)i * HOLD_US), (first + i) % PARTITIONS);
}

static void a_busy_partition_is_passed_over(void **state)
{
    int32_t first = chosen_at(10000);
    spread_enter(&spread, (first + 1) % PARTITIONS);
    assert_int_equal(chosen_at(20000), (first + 2) % PARTITIONS);
}

static void where_all_are_busy_the_batch_grows_until_one_is_not(void **state)
{
    int32_t first = chosen_at(10000);
    for (int i = 0; i < PARTITIONS; i++)
        spread_enter(&spread, i);
    assert_int_equal(chosen_at(20000), first);
    assert_int_equal(chosen_at(30000), first);
    spread_leave(&spread, (first + 3) % PARTITIONS);
    assert_int_equal(chosen_at(30000), (first + 3) % PARTITIONS);
}

static void a_partition_is_busy_until_its_last_record_is_reported(void **state)
{
    int32_t first = chosen_at(10000);
    int32_t busy = (first + 1) % PARTITIONS;
    spread_enter(&spread, busy);
    spread_enter(&spread, busy);
    spread_leave(&spread, busy);
    assert_int_equal(chosen_at(20000), (first + 2) % PARTITIONS);
    spread_leave(&spread, busy);
    without_leader[(first + 3) % PARTITIONS] = without_leader[first] = true;
    assert_int_equal(chosen_at(30000), busy);
}

static void a_partition_that_lost_its_leader_is_left_at_once(void **state)
{
    int32_t first = chosen_at(10000);
    without_leader[first] = true;
    assert_int_equal(chosen_at(10001), (first + 1) % PARTITIONS);
}

static void a_busy_partition_is_better_than_one_without_a_leader(void **state)
{
    int32_t first = chosen_at(10000);
    for (int i = 0; i < PARTITIONS; i++) {
        spread_enter(&spread, i);
        without_leader[i] = i != (first + 2) % PARTITIONS;
    }
    assert_int_equal(chosen_at(10001), (first + 2) % PARTITIONS);
}

static void without_any_leader_there_still_is_an_answer(void **state)
{
    for (int i = 0; i < PARTITIONS; i++)
        without_leader[i] = true;
    for (uint64_t now_us = 10000; now_us < 20000; now_us += 100)
        assert_in_range(chosen_at(now_us), 0, PARTITIONS - 1);
}

static void partitions_may_become_more_and_fewer(void **state)
{
    static const bool all[100];
    spread_enter(&spread, 99);
    bool seen[100] = { false };
    for (uint64_t i = 1; i <= 100; i++)
        seen[spread_choose(&spread, 100, i * HOLD_US, has_leader, all)] = true;
    for (int i = 0; i < 99; i++)
        assert_true(seen[i]);
    assert_false(seen[99]);
    spread_choose(&spread, 100, 1000000, has_leader, all);
    for (uint64_t i = 1; i <= 100; i++)
        assert_in_range(spread_choose(&spread, 3, 1000000 + i * HOLD_US, has_leader, all), 0, 2);
    spread_leave(&spread, 99);
}

static void a_record_that_goes_nobody_knows_where_is_not_counted(void **state)
{
    spread_enter(&spread, -1);
    assert_int_equal(spread.busy, 0);
    spread_leave(&spread, -1);
    assert_int_equal(spread.busy, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_spread, free_spread)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_partition_takes_records_until_its_batch_has_had_its_time),
        TEST(each_partition_has_its_turn),
        TEST(a_busy_partition_is_passed_over),
        TEST(where_all_are_busy_the_batch_grows_until_one_is_not),
        TEST(a_partition_is_busy_until_its_last_record_is_reported),
        TEST(a_partition_that_lost_its_leader_is_left_at_once),
        TEST(a_busy_partition_is_better_than_one_without_a_leader),
        TEST(without_any_leader_there_still_is_an_answer),
        TEST(partitions_may_become_more_and_fewer),
        TEST(a_record_that_goes_nobody_knows_where_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
