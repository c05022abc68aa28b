#include "base/shelf.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_was_given_back_last_is_taken_first(void **state)
{
    struct shelf shelf = { 0 };
    void *a = shelf_try_take(&shelf, 100);
    void *b = shelf_try_take(&shelf, 100);
    shelf_give(&shelf, a, 100);
    shelf_give(&shelf, b, 100);
    if (shelf.kept_bytes == 0)
        skip(); /* an address sanitizer: nothing is kept */

    void *same_class = shelf_try_take(&shelf, 128);
    assert_ptr_equal(same_class, b);
    memset(same_class, 1, 128); /* as large as its class */
    assert_ptr_equal(shelf_try_take(&shelf, 65), a);
    assert_int_equal(shelf.kept_bytes, 0);
    shelf_give(&shelf, a, 65);
    shelf_give(&shelf, b, 128);
    shelf_clear(&shelf);
}

static void sizes_are_kept_apart(void **state)
{
    struct shelf shelf = { 0 };
    void *small = shelf_try_take(&shelf, 64);
    shelf_give(&shelf, small, 64);
    void *large = shelf_try_take(&shelf, 65);
    assert_ptr_not_equal(small, large);
    shelf_give(&shelf, large, 65);
    shelf_clear(&shelf);
    assert_int_equal(shelf.kept_bytes, 0);
}

static void what_is_kept_is_bounded(void **state)
{
    enum { COUNT = 2 * SHELF_KEEPS / SHELF_LARGEST };
    static void *pieces[COUNT];
    struct shelf shelf = { 0 };
    for (int i = 0; i < COUNT; i++)
        pieces[i] = shelf_try_take(&shelf, SHELF_LARGEST);
    for (int i = 0; i < COUNT; i++) {
        shelf_give(&shelf, pieces[i], SHELF_LARGEST);
        assert_true(shelf.kept_bytes <= SHELF_KEEPS);
    }
    shelf_clear(&shelf);
    assert_int_equal(shelf.kept_bytes, 0);
}

static void pieces_too_large_to_keep_are_freed(void **state)
{
    struct shelf shelf = { 0 };
    shelf_give(&shelf, shelf_try_take(&shelf, SHELF_LARGEST + 1), SHELF_LARGEST + 1);
    assert_int_equal(shelf.kept_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_back_last_is_taken_first),
        cmocka_unit_test(sizes_are_kept_apart),
        cmocka_unit_test(what_is_kept_is_bounded),
        cmocka_unit_test(pieces_too_large_to_keep_are_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
