#include "base/memory.h"
#include "base/random.h"
#include "core/key_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "crafted_keys.h"

#define SEED 1

struct entry {
    struct key_entry entry;
    char key[16];
};

static struct entry *add(struct key_table *table, const char *key)
{
    struct entry *entry = mem_zalloc(sizeof(*entry));
    snprintf(entry->key, sizeof(entry->key), "%s", key);
    key_table_add(table, &entry->entry, text_of(entry->key));
    return entry;
}

static void take_out(struct key_table *table, struct key_entry *entry)
{
    key_table_remove(table, entry);
    mem_free(entry);
}

static void empty(struct key_table *table)
{
    struct key_entry *entry;
    while ((entry = key_table_oldest(table)) != NULL)
        take_out(table, entry);
    key_table_free(table);
}

static void a_key_is_found_by_its_text(void **state)
{
    struct key_table table;
    key_table_init(&table, 4, SEED);
    struct entry *a = add(&table, "a");
    add(&table, "b");
    assert_ptr_equal(key_table_find(&table, TEXT("a")), a);
    assert_null(key_table_find(&table, TEXT("c")));
    assert_null(key_table_find(&table, TEXT("")));
    empty(&table);
}

static void the_oldest_is_the_one_not_used_for_longest(void **state)
{
    struct key_table table;
    key_table_init(&table, 3, SEED);
    add(&table, "a");
    struct entry *b = add(&table, "b");
    add(&table, "c");
    key_table_find(&table, TEXT("a"));
    assert_ptr_equal(key_table_oldest(&table), b);
    empty(&table);
}

static void a_held_entry_is_found_but_never_the_oldest(void **state)
{
    struct key_table table;
    key_table_init(&table, 2, SEED);
    struct entry *a = add(&table, "a");
    key_table_hold(&table, &a->entry);
    key_table_hold(&table, &a->entry);
    assert_ptr_equal(key_table_find(&table, TEXT("a")), a);
    assert_null(key_table_oldest(&table));
    key_table_release(&table, &a->entry);
    assert_null(key_table_oldest(&table));
    key_table_release(&table, &a->entry);
    assert_ptr_equal(key_table_oldest(&table), a);
    empty(&table);
}

static void a_million_keys_leave_only_as_many_as_the_limit(void **state)
{
    struct key_table table;
    struct random random;
    random_init_seed(&random, 1);
    key_table_init(&table, 1000, SEED);
    for (int i = 0; i < 1000000; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%lld", (long long)random_between(&random, 0, 5000));
        if (key_table_find(&table, text_of(key)) != NULL)
            continue;
        if (key_table_full(&table))
            take_out(&table, key_table_oldest(&table));
        add(&table, key);
        assert_true(table.count <= 1000);
    }
    assert_true(key_table_full(&table));
    empty(&table);
}

static void a_digest_is_32_hex_digits_that_differ_by_key(void **state)
{
    char a[KEY_DIGEST_SIZE], b[KEY_DIGEST_SIZE];
    key_digest(TEXT("secret"), a);
    key_digest(TEXT("secres"), b);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
}

static void add_and_remove(const uint64_t *keys)
{
    static struct key_entry entries[CRAFTED_KEYS];
    struct key_table table;
    key_table_init(&table, CRAFTED_KEYS, SEED);
    for (int i = 0; i < CRAFTED_KEYS; i++)
        key_table_add(&table, &entries[i], crafted_key(keys, i));
    for (int i = 0; i < CRAFTED_KEYS; i++)
        assert_ptr_equal(key_table_find(&table, crafted_key(keys, i)), &entries[i]);
    for (int i = 0; i < CRAFTED_KEYS; i++)
        key_table_remove(&table, &entries[i]);
    key_table_free(&table);
}

static void keys_that_were_chosen_to_share_a_slot_do_not(void **state)
{
    given_crafted_keys();
    assert_true(shortest_ns(add_and_remove, crafted) < 8 * shortest_ns(add_and_remove, usual));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_by_its_text),
        cmocka_unit_test(the_oldest_is_the_one_not_used_for_longest),
        cmocka_unit_test(a_held_entry_is_found_but_never_the_oldest),
        cmocka_unit_test(a_million_keys_leave_only_as_many_as_the_limit),
        cmocka_unit_test(a_digest_is_32_hex_digits_that_differ_by_key),
        cmocka_unit_test(keys_that_were_chosen_to_share_a_slot_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
