#include "core/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void all_are_never_given_more_than_the_limit(void **state)
{
    struct room room = { .limit = 100 };
    size_t held[7] = { 0 };
    for (int turn = 0; turn < 1000; turn++) {
        size_t one = (size_t)turn % 7;
        size_t taken = room_for(&room, held[one]);
        held[one] += taken;
        room.used += taken;
        assert_true(room.used <= room.limit);
    }
}

static void a_hot_one_leaves_room_for_a_cold_one(void **state)
{
    struct room room = { .limit = 100 };
    size_t hot = room_for(&room, 0);
    room.used += hot;
    hot += room_for(&room, hot);
    assert_true(hot >= 50 && hot < 100);
    assert_true(room_for(&room, 0) >= 10);
}

static void with_fewer_places_than_takers_a_free_place_goes_to_one_that_holds_nothing(void **state)
{
    struct room room = { .limit = 3, .used = 2 };
    assert_int_equal(room_for(&room, 1), 0);
    assert_int_equal(room_for(&room, 0), 1);
    room.used = 3;
    assert_int_equal(room_for(&room, 0), 0);
}

static void a_limit_that_was_lowered_below_what_is_used_gives_nothing(void **state)
{
    struct room room = { .limit = 2, .used = 5 };
    assert_int_equal(room_for(&room, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_never_given_more_than_the_limit),
        cmocka_unit_test(a_hot_one_leaves_room_for_a_cold_one),
        cmocka_unit_test(with_fewer_places_than_takers_a_free_place_goes_to_one_that_holds_nothing),
        cmocka_unit_test(a_limit_that_was_lowered_below_what_is_used_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
