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
    uint64_t five = offsets_receive(&offsets, 5);
    uint64_t six = offsets_receive(&offsets, 6);
    uint64_t seven = offsets_receive(&offsets, 7);

    assert_false(offsets_done(&offsets, six));
    assert_int_equal(offsets.watermark, 5);
    assert_int_equal(offsets.above, 1);
    assert_true(offsets_done(&offsets, five));
    assert_int_equal(offsets.watermark, 7);
    assert_int_equal(offsets.above, 0);
    assert_true(offsets_done(&offsets, seven));
    assert_int_equal(offsets.watermark, 8);
    offsets_close(&offsets);
}

static void offsets_that_were_never_received_count_as_done(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    uint64_t three = offsets_receive(&offsets, 3);
    assert_int_equal(offsets.watermark, 3);
    uint64_t nine = offsets_receive(&offsets, 9);
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
    uint64_t zero = offsets_receive(&offsets, 0);
    offsets_skip_to(&offsets, 2);
    assert_int_equal(offsets.watermark, 0);
    offsets_done(&offsets, zero);
    assert_int_equal(offsets.watermark, 2);
    offsets_skip_to(&offsets, 4);
    assert_int_equal(offsets.watermark, 4);
    offsets_close(&offsets);
}

static void what_is_done_above_the_watermark_can_be_listed(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    uint64_t sequences[200];
    for (int64_t i = 0; i < 200; i++)
        sequences[i] = offsets_receive(&offsets, i * 3);
    for (size_t i = 1; i < 200; i += 2)
        offsets_done(&offsets, sequences[i]);

    assert_int_equal(offsets_open(&offsets), 100);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(offsets_is_done(&offsets, sequences[i]), i % 2 == 1);
        assert_int_equal(offsets_at(&offsets, sequences[i]), i * 3);
    }
    offsets_close(&offsets);
}

static void memory_follows_what_is_open_not_what_was_received(void **state)
{
    struct offsets offsets;
    offsets_init(&offsets, 0);
    for (int64_t offset = 0; offset < 100000; offset++)
        offsets_done(&offsets, offsets_receive(&offsets, offset));
    assert_int_equal(offsets.watermark, 100000);
    assert_true(offsets.capacity <= 64);
    offsets_close(&offsets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watermark_stands_at_the_lowest_open_offset),
        cmocka_unit_test(offsets_that_were_never_received_count_as_done),
        cmocka_unit_test(without_a_start_nothing_is_known_until_the_first_record),
        cmocka_unit_test(the_end_behind_a_transaction_marker_is_reached_only_when_all_is_done),
        cmocka_unit_test(what_is_done_above_the_watermark_can_be_listed),
        cmocka_unit_test(memory_follows_what_is_open_not_what_was_received),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
