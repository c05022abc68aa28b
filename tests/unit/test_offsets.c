#include "base/memory.h"
#include "core/offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_watermark_stands_at_the_lowest_open_offset(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 5);
    uint32_t five = offsets_receive(&offsets, 5);
    uint32_t six = offsets_receive(&offsets, 6);
    uint32_t seven = offsets_receive(&offsets, 7);

    assert_false(offsets_done(&offsets, six));
    assert_int_equal(offsets.watermark, 5);
    assert_int_equal(offsets_above(&offsets), 1);
    assert_true(offsets_done(&offsets, five));
    assert_int_equal(offsets.watermark, 7);
    assert_int_equal(offsets_above(&offsets), 0);
    assert_true(offsets_done(&offsets, seven));
    assert_int_equal(offsets.watermark, 8);
    offsets_close(&offsets);
}

static void offsets_that_were_never_received_count_as_done(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    uint32_t three = offsets_receive(&offsets, 3);
    assert_int_equal(offsets.watermark, 3);
    uint32_t nine = offsets_receive(&offsets, 9);
    offsets_done(&offsets, three);
    assert_int_equal(offsets.watermark, 9);
    offsets_done(&offsets, nine);
    assert_int_equal(offsets.watermark, 10);
    offsets_close(&offsets);
}

static void without_a_start_nothing_is_known_until_the_first_record(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, OFFSET_NONE);
    assert_int_equal(offsets.watermark, OFFSET_NONE);
    offsets_receive(&offsets, 77);
    assert_int_equal(offsets.watermark, 77);
    offsets_close(&offsets);
}

static void the_end_behind_a_transaction_marker_is_reached_only_when_all_is_done(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    uint32_t zero = offsets_receive(&offsets, 0);
    offsets_skip_to(&offsets, 2);
    assert_int_equal(offsets.watermark, 0);
    offsets_done(&offsets, zero);
    assert_int_equal(offsets.watermark, 2);
    offsets_skip_to(&offsets, 4);
    assert_int_equal(offsets.watermark, 4);
    offsets_close(&offsets);
}

static void then_done_above_is(const struct offsets *offsets, size_t count, const struct offset_range *expected)
{
    struct offset_cursor cursor = { 0 };
    struct offset_range range;
    for (size_t i = 0; i < count; i++) {
        assert_true(offsets_next_done(offsets, &cursor, &range));
        assert_int_equal(range.from, expected[i].from);
        assert_int_equal(range.to, expected[i].to);
    }
    assert_false(offsets_next_done(offsets, &cursor, &range));
    assert_false(offsets_next_done(offsets, &cursor, &range));
}

static void what_is_done_above_the_watermark_is_told_as_ranges_gaps_too(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 10);
    then_done_above_is(&offsets, 0, NULL);
    uint32_t places[10];
    for (int64_t i = 0; i < 10; i++)
        places[i] = offsets_receive(&offsets, 10 + i);
    then_done_above_is(&offsets, 0, NULL);
    offsets_done(&offsets, places[3]);
    offsets_done(&offsets, places[2]);
    offsets_done(&offsets, places[9]);
    offsets_receive(&offsets, 25); /* 20..24 never come */
    const struct offset_range expected[] = { { 12, 14 }, { 19, 25 } };
    then_done_above_is(&offsets, 2, expected);
    assert_int_equal(offsets_above(&offsets), 3);
    assert_int_equal(offsets_open(&offsets), 8);
    offsets_close(&offsets);
}

static struct offset_ranges given_ranges(size_t count, const struct offset_range *ranges)
{
    struct offset_ranges copy = { mem_try_alloc(count * sizeof(*ranges)), count };
    for (size_t i = 0; i < count; i++)
        copy.items[i] = ranges[i];
    return copy;
}

static void what_an_earlier_owner_has_done_is_passed_and_told_on(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 100);
    offsets_restore(&offsets, given_ranges(2, (const struct offset_range[]){ { 102, 104 }, { 106, 110 } }));
    assert_int_equal(offsets_above(&offsets), 6);
    assert_int_equal(offsets_end(&offsets), 110);

    uint32_t hundred = offsets_receive(&offsets, 100);
    assert_int_not_equal(hundred, 0);
    uint32_t next = offsets_receive(&offsets, 101);
    assert_int_equal(offsets_receive(&offsets, 102), 0);
    const struct offset_range expected[] = { { 102, 104 }, { 106, 110 } };
    then_done_above_is(&offsets, 2, expected);
    assert_int_equal(offsets_above(&offsets), 6);
    assert_int_equal(offsets_receive(&offsets, 103), 0);
    offsets_done(&offsets, next);
    const struct offset_range more[] = { { 101, 104 }, { 106, 110 } };
    then_done_above_is(&offsets, 2, more);
    assert_int_equal(offsets.watermark, 100);
    offsets_done(&offsets, hundred);
    assert_int_equal(offsets.watermark, 104);
    assert_int_equal(offsets_above(&offsets), 4);
    for (int64_t offset = 104; offset < 112; offset++)
        assert_int_equal(offsets_receive(&offsets, offset) == 0, offset >= 106 && offset < 110);
    assert_null(offsets.restored.items); /* given back as soon as it is behind */
    offsets_close(&offsets);
}

static void what_was_restored_may_begin_at_the_watermark_and_have_been_compacted_since(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 5);
    offsets_restore(&offsets, given_ranges(2, (const struct offset_range[]){ { 5, 7 }, { 8, 20 } }));
    assert_int_equal(offsets_receive(&offsets, 6), 0);
    assert_int_equal(offsets.watermark, 7);
    assert_int_equal(offsets_receive(&offsets, 15), 0);
    assert_int_equal(offsets.watermark, 16);
    assert_int_equal(offsets_above(&offsets), 4);
    uint32_t place = offsets_receive(&offsets, 31);
    assert_int_equal(offsets.watermark, 31);
    assert_int_equal(offsets_above(&offsets), 0);
    offsets_done(&offsets, place);
    assert_int_equal(offsets.watermark, 32);
    offsets_close(&offsets);
}

static void memory_follows_what_is_open_not_what_is_done(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    uint32_t stuck = offsets_receive(&offsets, 0);
    for (int64_t offset = 1; offset < 100000; offset++)
        offsets_done(&offsets, offsets_receive(&offsets, offset));
    assert_int_equal(offsets.watermark, 0);
    assert_int_equal(offsets_above(&offsets), 99999);
    assert_true(offsets.capacity <= 64);
    offsets_done(&offsets, stuck);
    assert_int_equal(offsets.watermark, 100000);
    offsets_close(&offsets);
}

static void thousands_that_are_open_end_in_any_order(void **state)
{
    enum { COUNT = 5000, STEP = 1237 }; /* no common divisor: every one is met once */
    static uint32_t places[COUNT];
    struct offsets offsets;
    offsets_init(&offsets, 0);
    for (int64_t i = 0; i < COUNT; i++)
        places[i] = offsets_receive(&offsets, i);
    for (size_t i = 1; i <= COUNT; i++) {
        assert_int_equal(offsets.watermark, 0);
        offsets_done(&offsets, places[i * STEP % COUNT]); /* 0 comes last */
    }
    assert_int_equal(offsets.watermark, COUNT);
    assert_int_equal(offsets_open(&offsets), 0);
    offsets_close(&offsets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watermark_stands_at_the_lowest_open_offset),
        cmocka_unit_test(offsets_that_were_never_received_count_as_done),
        cmocka_unit_test(without_a_start_nothing_is_known_until_the_first_record),
        cmocka_unit_test(the_end_behind_a_transaction_marker_is_reached_only_when_all_is_done),
        cmocka_unit_test(what_is_done_above_the_watermark_is_told_as_ranges_gaps_too),
        cmocka_unit_test(what_an_earlier_owner_has_done_is_passed_and_told_on),
        cmocka_unit_test(what_was_restored_may_begin_at_the_watermark_and_have_been_compacted_since),
        cmocka_unit_test(memory_follows_what_is_open_not_what_is_done),
        cmocka_unit_test(thousands_that_are_open_end_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
