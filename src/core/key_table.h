/* key_table: the most recently used keys, at most so many.
 *
 *   entry   what the owner keeps for a key; it embeds struct key_entry first and allocates it
 *   held    an entry that must not go now (a call for it is under way); it is found like others, but never the oldest
 *
 * The memory follows the limit, not the keys ever seen. Finding is O(1). One thread. */
#pragma once

#include "base/list.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_entry {
    struct list order; /* by last use; alone while held */
    struct key_entry *next;
    uint64_t hash;
    struct text key; /* borrowed from the owner while in the table */
    unsigned holds;
};

struct key_table {
    uint64_t seed;
    struct list order; /* the oldest first */
    struct key_entry **slots;
    size_t slot_count; /* a power of two */
    size_t count;
    size_t limit;
};

/* `seed` (random_seed) goes into the hash of keys: who sends them cannot choose such as share a slot. */
void key_table_init(struct key_table *table, size_t limit, uint64_t seed);

/* Gives the memory of the table back; entries are the owner's: take them out first. */
void key_table_free(struct key_table *table);

/* The key's entry, which is now the most recently used, or NULL. */
struct key_entry *key_table_find(struct key_table *table, struct text key);

/* Puts an entry in whose key is not there; its data is not NULL. The table is not full. */
void key_table_add(struct key_table *table, struct key_entry *entry, struct text key);
void key_table_remove(struct key_table *table, struct key_entry *entry);
bool key_table_full(const struct key_table *table);

/* The entry not used for longest that is not held, or NULL. */
struct key_entry *key_table_oldest(const struct key_table *table);

void key_table_hold(struct key_table *table, struct key_entry *entry);
void key_table_release(struct key_table *table, struct key_entry *entry);

/* A text of fixed size that stands for `key`: 32 hex digits of XXH3 (128 bits) and NUL; the same in every process. */
#define KEY_DIGEST_SIZE 33
void key_digest(struct text key, char out[KEY_DIGEST_SIZE]);
