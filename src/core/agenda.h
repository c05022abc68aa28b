/* agenda: what is due when; the caller asks for what is due and brings the time along.
 *
 * A wheel with levels. A level is a byte of the time in microseconds: the lowest has a slot for each of the next 256 us, the one above
 * a slot for each 256 us of the next 65 ms, and so on. An entry lies where its time first differs from the agenda's; when that comes to
 * a slot of a higher level, its entries go down, so that each moves once or twice, however many there are.
 *
 *   now      ..00 00 12 34 56      level  slot
 *   due      ..00 00 12 34 80          0    80     24 us on
 *   due      ..00 00 12 90 10          1    90     some ms on; at ..12 90 00 it goes down to level 0, slot 10
 *
 * Adding and removing are O(1), taking out is O(1) in the number of entries. Entries are embedded by what waits, all zero at first.
 * Equal times come out in no particular order. No clock, no thread. */
#pragma once

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENDA_LEVELS 8 /* bytes of a time */
#define AGENDA_SLOTS  256
#define AGENDA_WORDS  (AGENDA_SLOTS / 64)

struct agenda_entry {
    uint64_t due_us;
    struct list link; /* the agenda's own: next is NULL while it is not in one */
};

/* A level's slots are there once it was needed: 4 KiB. `used` may still tell of a slot whose entries were all removed. */
struct agenda_level {
    struct list *slots;
    uint64_t used[AGENDA_WORDS]; /* a bit a slot */
};

struct agenda {
    uint64_t now_us; /* the time brought along last */
    struct list due; /* entries whose time has come */
    struct agenda_level levels[AGENDA_LEVELS];
};

#define AGENDA_NEVER UINT64_MAX

void agenda_init(struct agenda *agenda);
void agenda_close(struct agenda *agenda); /* empty, or its entries are forgotten */

/* Adds an entry, or moves it to another time. */
void agenda_set(struct agenda *agenda, struct agenda_entry *entry, uint64_t due_us);
void agenda_remove(struct agenda *agenda, struct agenda_entry *entry); /* no harm when it is not in it */
static inline bool agenda_has(const struct agenda_entry *entry)
{
    return entry->link.next != NULL;
}

/* Nothing is due before this, and when agenda_pop_due is asked then without giving anything, the next answer is later; AGENDA_NEVER
 * when empty. */
uint64_t agenda_next_us(struct agenda *agenda);

/* Takes out an entry whose time has come, or returns NULL. What is over already when it is set comes after what was found due before. */
struct agenda_entry *agenda_pop_due(struct agenda *agenda, uint64_t now_us);

/* The next ones that agenda_pop_due would give, `max` at most; they stay. Returns how many. */
size_t agenda_peek_due(struct agenda *agenda, uint64_t now_us, struct agenda_entry **entries, size_t max);
