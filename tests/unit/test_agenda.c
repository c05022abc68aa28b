#include "base/random.h"
#include "core/agenda.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

static void what_is_due_next_is_told_before_it_is_taken_out(void **state)
{
    struct agenda_entry entries[3] = { 0 };
    struct agenda_entry *next[2];
    struct agenda agenda;
    agenda_init(&agenda);
    for (int i = 0; i < 3; i++)
        agenda_set(&agenda, &entries[i], 100 + 1000 * (uint64_t)i);
    assert_int_equal(agenda_peek_due(&agenda, 99, next, 2), 0);
    assert_int_equal(agenda_peek_due(&agenda, 1100, next, 2), 2);
    assert_ptr_equal(next[0], &entries[0]);
    assert_ptr_equal(next[1], &entries[1]);
    assert_ptr_equal(agenda_pop_due(&agenda, 1100), &entries[0]);
    agenda_remove(&agenda, &entries[1]);
    assert_int_equal(agenda_peek_due(&agenda, 1100, next, 2), 0);
    assert_int_equal(agenda_peek_due(&agenda, 2100, next, 1), 1);
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

/* --- whatever happens, against a model: all entries, searched from one end to the other --- */

enum { MANY = 200, STEPS = 300000 };

struct model {
    struct agenda agenda;
    struct agenda_entry entries[MANY];
    bool set[MANY];
    uint64_t due_us[MANY];
    uint64_t now_us;
    struct random random;
};

static uint64_t earliest(const struct model *model)
{
    uint64_t earliest_us = AGENDA_NEVER;
    for (int i = 0; i < MANY; i++) {
        if (model->set[i] && model->due_us[i] < earliest_us)
            earliest_us = model->due_us[i];
    }
    return earliest_us;
}

/* From a microsecond to years: as many bits as chance says. */
static uint64_t some_time(struct model *model)
{
    return random_next(&model->random) >> random_between(&model->random, 14, 63);
}

static void set_some(struct model *model)
{
    int i = (int)random_between(&model->random, 0, MANY - 1);
    uint64_t past_us = random_between(&model->random, 0, 9) == 0 ? some_time(model) % (model->now_us + 1) : 0;
    model->due_us[i] = model->now_us + (past_us > 0 ? 0 : some_time(model)) - past_us;
    model->set[i] = true;
    agenda_set(&model->agenda, &model->entries[i], model->due_us[i]);
}

static void remove_some(struct model *model)
{
    int i = (int)random_between(&model->random, 0, MANY - 1);
    model->set[i] = false;
    agenda_remove(&model->agenda, &model->entries[i]);
    assert_false(agenda_has(&model->entries[i]));
}

/* All that is over, in order but for what was over when it was set; nothing else. */
static void pass_time(struct model *model)
{
    uint64_t before_us = model->now_us, last_us = before_us;
    model->now_us += some_time(model);
    struct agenda_entry *next[4];
    size_t told = agenda_peek_due(&model->agenda, model->now_us, next, 4), seen = 0;
    for (struct agenda_entry *entry; (entry = agenda_pop_due(&model->agenda, model->now_us)) != NULL;) {
        size_t i = (size_t)(entry - model->entries);
        assert_true(seen >= told || next[seen] == entry);
        seen++;
        assert_true(model->set[i]);
        assert_true(entry->due_us == model->due_us[i] && entry->due_us <= model->now_us);
        if (entry->due_us > before_us) {
            assert_true(entry->due_us >= last_us);
            last_us = entry->due_us;
        }
        model->set[i] = false;
    }
    assert_true(seen < 4 ? told == seen : told == 4);
    assert_true(earliest(model) > model->now_us);
}

/* Who comes back each time at the time that is told finds the earliest exactly when it is due, after a few times. */
static void wait_for_the_next(struct model *model)
{
    uint64_t due_us = earliest(model);
    struct agenda_entry *entry = NULL;
    int times = 0;
    for (uint64_t next_us; entry == NULL && (next_us = agenda_next_us(&model->agenda)) != AGENDA_NEVER; times++) {
        assert_true(next_us <= due_us || due_us <= model->now_us);
        model->now_us = next_us > model->now_us ? next_us : model->now_us;
        entry = agenda_pop_due(&model->agenda, model->now_us);
    }
    assert_true(times <= AGENDA_LEVELS + 1);
    if (entry != NULL) {
        assert_true(due_us <= model->now_us && (entry->due_us == due_us || due_us < model->now_us));
        model->set[entry - model->entries] = false;
    }
}

static void (*const steps[])(struct model *model) = { set_some, set_some, set_some, set_some, remove_some, pass_time, wait_for_the_next };

static void what_comes_out_when_is_what_a_search_of_all_finds(void **state)
{
    static struct model model;
    uint64_t seed = 20261121;
    printf("seed %llu\n", (unsigned long long)seed);
    random_init_seed(&model.random, seed);
    agenda_init(&model.agenda);
    for (int i = 0; i < STEPS; i++)
        steps[random_between(&model.random, 0, (int64_t)(sizeof(steps) / sizeof(steps[0])) - 1)](&model);
    agenda_close(&model.agenda);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_out_in_the_order_of_their_times),
        cmocka_unit_test(nothing_comes_out_before_its_time),
        cmocka_unit_test(what_is_due_next_is_told_before_it_is_taken_out),
        cmocka_unit_test(removing_what_is_not_there_does_no_harm),
        cmocka_unit_test(what_comes_out_when_is_what_a_search_of_all_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
