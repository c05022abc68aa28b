#include "core/agenda.h"

#include "base/memory.h"

#include <stddef.h>

#define LEVEL_BITS 8

struct place {
    unsigned level, slot;
};

static unsigned lowest(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

/* --- from a time to a place, and back --- */

static unsigned digit(uint64_t us, unsigned level)
{
    return us >> (level * LEVEL_BITS) & (AGENDA_SLOTS - 1);
}

static struct place place_of(const struct agenda *agenda, uint64_t due_us)
{
    unsigned highest_bit = 63 - (unsigned)__builtin_clzll(due_us ^ agenda->now_us);
    unsigned level = highest_bit / LEVEL_BITS;
    return (struct place){ level, digit(due_us, level) };
}

static uint64_t beginning_of(const struct agenda *agenda, struct place place)
{
    unsigned shift = place.level * LEVEL_BITS;
    uint64_t passed = agenda->now_us >> shift & (AGENDA_SLOTS - 1);
    return (agenda->now_us >> shift << shift) + ((place.slot - passed) << shift);
}

/* --- slots --- */

static void need_slots(struct agenda_level *level)
{
    if (level->slots != NULL)
        return;
    level->slots = mem_alloc(AGENDA_SLOTS * sizeof(*level->slots));
    for (size_t i = 0; i < AGENDA_SLOTS; i++)
        list_init(&level->slots[i]);
}

static struct list *slot_at(const struct agenda *agenda, struct place place)
{
    return &agenda->levels[place.level].slots[place.slot];
}

static void mark(struct agenda *agenda, struct place place)
{
    agenda->levels[place.level].used[place.slot / 64] |= UINT64_C(1) << place.slot % 64;
}

static void unmark(struct agenda *agenda, struct place place)
{
    agenda->levels[place.level].used[place.slot / 64] &= ~(UINT64_C(1) << place.slot % 64);
}

static void add(struct agenda *agenda, struct agenda_entry *entry)
{
    if (entry->due_us <= agenda->now_us) {
        list_push(&agenda->due, &entry->link);
        return;
    }
    struct place place = place_of(agenda, entry->due_us);
    need_slots(&agenda->levels[place.level]);
    list_push(slot_at(agenda, place), &entry->link);
    mark(agenda, place);
}

static void take_out(struct agenda_entry *entry)
{
    list_remove(&entry->link);
    entry->link.next = NULL;
}

/* --- the next slot --- */

static bool find_used(const struct agenda *agenda, struct place *place)
{
    for (unsigned level = 0; level < AGENDA_LEVELS; level++) {
        for (unsigned word = 0; word < AGENDA_WORDS; word++) {
            uint64_t used = agenda->levels[level].used[word];
            if (used == 0)
                continue;
            *place = (struct place){ level, word * 64 + lowest(used) };
            return true;
        }
    }
    return false;
}

/* All entries of a level are earlier than those of a higher one, and within a level its slots are in order: what has passed is empty. */
static bool find_next(struct agenda *agenda, struct place *place)
{
    while (find_used(agenda, place)) {
        if (!list_empty(slot_at(agenda, *place)))
            return true;
        unmark(agenda, *place);
    }
    return false;
}

/* The time goes on to the next slot, whose entries are due now or go down. False, and it goes on to `now_us`, if that comes first. */
static bool advance(struct agenda *agenda, uint64_t now_us)
{
    struct place place;
    bool found = find_next(agenda, &place);
    if (!found || beginning_of(agenda, place) > now_us) {
        agenda->now_us = now_us > agenda->now_us ? now_us : agenda->now_us;
        return false;
    }
    agenda->now_us = beginning_of(agenda, place);
    unmark(agenda, place);
    struct list *slot = slot_at(agenda, place);
    for (struct list *link; (link = list_pop(slot)) != NULL;)
        add(agenda, list_entry(link, struct agenda_entry, link));
    return true;
}

/* --- for everybody --- */

void agenda_set(struct agenda *agenda, struct agenda_entry *entry, uint64_t due_us)
{
    agenda_remove(agenda, entry);
    entry->due_us = due_us;
    add(agenda, entry);
}

void agenda_remove(struct agenda *agenda, struct agenda_entry *entry)
{
    if (agenda_has(entry))
        take_out(entry);
}

/* One that is alone in its slot is told exactly. */
uint64_t agenda_next_us(struct agenda *agenda)
{
    struct place place;
    if (!list_empty(&agenda->due))
        return agenda->now_us;
    if (!find_next(agenda, &place))
        return AGENDA_NEVER;
    struct list *slot = slot_at(agenda, place);
    bool alone = slot->next == slot->prev;
    return alone ? list_entry(slot->next, struct agenda_entry, link)->due_us : beginning_of(agenda, place);
}

struct agenda_entry *agenda_pop_due(struct agenda *agenda, uint64_t now_us)
{
    while (list_empty(&agenda->due) && advance(agenda, now_us))
        ;
    struct list *link = list_first(&agenda->due);
    if (link == NULL)
        return NULL;
    struct agenda_entry *entry = list_entry(link, struct agenda_entry, link);
    take_out(entry);
    return entry;
}

size_t agenda_peek_due(struct agenda *agenda, uint64_t now_us, struct agenda_entry **entries, size_t max)
{
    while (advance(agenda, now_us))
        ;
    size_t count = 0;
    for (struct list *link = agenda->due.next; link != &agenda->due && count < max; link = link->next)
        entries[count++] = list_entry(link, struct agenda_entry, link);
    return count;
}

void agenda_init(struct agenda *agenda)
{
    *agenda = (struct agenda){ 0 };
    list_init(&agenda->due);
}

void agenda_close(struct agenda *agenda)
{
    for (unsigned level = 0; level < AGENDA_LEVELS; level++)
        mem_free(agenda->levels[level].slots);
    agenda_init(agenda);
}
