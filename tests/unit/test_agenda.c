#include "base/random.h"
#include "core/agenda.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void entries_come_out_in_the_order_of_their_times(void **state)
{
    enum { COUNT = 1000 };
    static struct agenda_entry entries[COUNT];
    struct random random;
    random_init_seed(&random, 3);
    struct agenda agenda;
    agenda_init(&agenda);
    for (int i = 0; i < COUNT; i++)
        agenda_set(&agenda, &entries[i], (uint64_t)random_between(&random, 0, 500));
    for (int i = 0; i < COUNT; i += 3)
        agenda_set(&agenda, &entries[i], (uint64_t)random_between(&random, 0, 500));
    for (int i = 0; i < COUNT; i += 7)
        agenda_remove(&agenda, &entries[i]);

    uint64_t last_us = 0;
    size_t seen = 0;
    for (struct agenda_entry *entry; (entry = agenda_pop_due(&agenda, 500)) != NULL; seen++) {
        assert_true(entry->due_us >= last_us);
        assert_int_not_equal((entry - entries) % 7, 0);
        last_us = entry->due_us;
    }
    assert_int_equal(seen, COUNT - (COUNT + 6) / 7);
    agenda_close(&agenda);
}

static void nothing_comes_out_before_its_time(void **state)
{
    struct agenda_entry entry = { 0 };
    struct agenda agenda;
    agenda_init(&agenda);
    assert_true(agenda_next_us(&agenda) == AGENDA_NEVER);
    agenda_set(&agenda, &entry, 100);
    assert_null(agenda_pop_due(&agenda, 99));
    assert_ptr_equal(agenda_pop_due(&agenda, 100), &entry);
    assert_false(agenda_has(&entry));
    agenda_close(&agenda);
}

static void removing_what_is_not_there_does_no_harm(void **state)
{
    struct agenda_entry entry = { 0 };
    struct agenda agenda;
    agenda_init(&agenda);
    agenda_remove(&agenda, &entry);
    agenda_set(&agenda, &entry, 1);
    agenda_remove(&agenda, &entry);
    agenda_remove(&agenda, &entry);
    assert_true(agenda_next_us(&agenda) == AGENDA_NEVER);
    agenda_close(&agenda);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_out_in_the_order_of_their_times),
        cmocka_unit_test(nothing_comes_out_before_its_time),
        cmocka_unit_test(removing_what_is_not_there_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
