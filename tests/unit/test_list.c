#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct item {
    int number;
    struct list link; /* not first, so that list_entry has something to do */
};

static struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };

static void given_all_in(struct list *anchor)
{
    list_init(anchor);
    for (int i = 0; i < 4; i++)
        list_push(anchor, &items[i].link);
}

static void assert_order(const struct list *anchor, const char *expected)
{
    char found[8] = "";
    size_t size = 0;
    list_each(link, anchor)
        size += (size_t)snprintf(found + size, sizeof(found) - size, "%d", list_entry(link, struct item, link)->number);
    assert_string_equal(found, expected);
}

static void a_new_list_is_empty(void **state)
{
    struct list anchor;
    list_init(&anchor);
    assert_true(list_empty(&anchor));
    assert_null(list_first(&anchor));
    assert_null(list_pop(&anchor));
}

static void what_is_pushed_first_is_popped_first(void **state)
{
    struct list anchor;
    given_all_in(&anchor);
    assert_order(&anchor, "0123");
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(list_pop(&anchor), &items[i].link);
    assert_true(list_empty(&anchor));
}

static void what_is_pushed_to_the_front_comes_first(void **state)
{
    struct list anchor;
    list_init(&anchor);
    for (int i = 0; i < 4; i++)
        list_push_front(&anchor, &items[i].link);
    assert_order(&anchor, "3210");
}

static void any_link_may_leave_at_any_time_and_twice(void **state)
{
    struct list anchor;
    given_all_in(&anchor);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    list_remove(&items[3].link);
    assert_order(&anchor, "02");
}

static void the_current_link_may_leave_inside_the_loop(void **state)
{
    struct list anchor;
    given_all_in(&anchor);
    list_each(link, &anchor)
        if (list_entry(link, struct item, link)->number % 2 == 0)
            list_remove(link);
    assert_order(&anchor, "13");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_list_is_empty),
        cmocka_unit_test(what_is_pushed_first_is_popped_first),
        cmocka_unit_test(what_is_pushed_to_the_front_comes_first),
        cmocka_unit_test(any_link_may_leave_at_any_time_and_twice),
        cmocka_unit_test(the_current_link_may_leave_inside_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
