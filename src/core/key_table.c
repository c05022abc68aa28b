#include "core/key_table.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <xxhash.h>

static uint64_t hash_of(const struct key_table *table, struct text key)
{
    return XXH3_64bits_withSeed(key.data, key.size, table->seed);
}

static struct key_entry **slot_of(const struct key_table *table, uint64_t hash)
{
    return &table->slots[hash & (table->slot_count - 1)];
}

static void use(struct key_table *table, struct key_entry *entry)
{
    if (entry->holds > 0)
        return;
    list_remove(&entry->order);
    list_push(&table->order, &entry->order);
}

struct key_entry *key_table_find(struct key_table *table, struct text key)
{
    uint64_t hash = hash_of(table, key);
    for (struct key_entry *entry = *slot_of(table, hash); entry != NULL; entry = entry->next) {
        if (entry->hash != hash || entry->key.size != key.size || memcmp(entry->key.data, key.data, key.size) != 0)
            continue;
        use(table, entry);
        return entry;
    }
    return NULL;
}

void key_table_add(struct key_table *table, struct key_entry *entry, struct text key)
{
    assert(!key_table_full(table));
    *entry = (struct key_entry){ .hash = hash_of(table, key), .key = key };
    struct key_entry **slot = slot_of(table, entry->hash);
    entry->next = *slot;
    *slot = entry;
    list_push(&table->order, &entry->order);
    table->count++;
}

void key_table_remove(struct key_table *table, struct key_entry *entry)
{
    struct key_entry **place = slot_of(table, entry->hash);
    while (*place != entry)
        place = &(*place)->next;
    *place = entry->next;
    list_remove(&entry->order);
    table->count--;
}

bool key_table_full(const struct key_table *table)
{
    return table->count == table->limit;
}

struct key_entry *key_table_oldest(const struct key_table *table)
{
    struct list *oldest = list_first(&table->order);
    return oldest == NULL ? NULL : list_entry(oldest, struct key_entry, order);
}

void key_table_hold(struct key_table *table, struct key_entry *entry)
{
    entry->holds++;
    list_remove(&entry->order);
}

void key_table_release(struct key_table *table, struct key_entry *entry)
{
    assert(entry->holds > 0);
    entry->holds--;
    if (entry->holds == 0)
        list_push(&table->order, &entry->order);
}

void key_table_init(struct key_table *table, size_t limit, uint64_t seed)
{
    *table = (struct key_table){ .seed = seed, .slot_count = 1, .limit = limit };
    list_init(&table->order);
    while (table->slot_count < limit)
        table->slot_count *= 2;
    table->slots = mem_zalloc(table->slot_count * sizeof(table->slots[0]));
}

void key_table_free(struct key_table *table)
{
    assert(table->count == 0);
    mem_free(table->slots);
    table->slots = NULL;
}

void key_digest(struct text key, char out[KEY_DIGEST_SIZE])
{
    XXH128_hash_t hash = XXH3_128bits(key.data, key.size);
    snprintf(out, KEY_DIGEST_SIZE, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}
