/* agenda: what is due when. A heap of entries by time; the caller asks for what is due and brings the time along.
 *
 * Adding and removing are O(log n), looking at the earliest is O(1). Entries are embedded by what waits.
 * Equal times come out in no particular order. No clock, no thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_entry {
    uint64_t due_us;
    size_t place; /* the agenda's own: index + 1, 0 while not in one */
};

/* The time is here too, so that four of them are compared within a cache line, wherever the entries lie. */
struct agenda_slot {
    uint64_t due_us;
    struct agenda_entry *entry;
};

struct agenda {
    struct agenda_slot *heap;
    size_t count, capacity;
};

#define AGENDA_NEVER UINT64_MAX

void agenda_init(struct agenda *agenda);
void agenda_close(struct agenda *agenda); /* empty, or its entries are forgotten */

/* Adds an entry, or moves it to another time. */
void agenda_set(struct agenda *agenda, struct agenda_entry *entry, uint64_t due_us);
void agenda_remove(struct agenda *agenda, struct agenda_entry *entry); /* no harm when it is not in it */
static inline bool agenda_has(const struct agenda_entry *entry)
{
    return entry->place != 0;
}

/* When the earliest is due; AGENDA_NEVER when empty. */
uint64_t agenda_next_us(const struct agenda *agenda);

/* Takes out an entry whose time has come, or returns NULL. */
struct agenda_entry *agenda_pop_due(struct agenda *agenda, uint64_t now_us);
