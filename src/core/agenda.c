#include "core/agenda.h"

#include "base/memory.h"

#define CAPACITY_MIN 16
#define CHILDREN     4 /* flatter than a binary heap: fewer cache lines on the way down */

static void put(struct agenda *agenda, size_t index, struct agenda_slot slot)
{
    agenda->heap[index] = slot;
    slot.entry->place = index + 1;
}

static void move_up(struct agenda *agenda, size_t index)
{
    struct agenda_slot slot = agenda->heap[index];
    while (index > 0) {
        size_t parent = (index - 1) / CHILDREN;
        if (agenda->heap[parent].due_us <= slot.due_us)
            break;
        put(agenda, index, agenda->heap[parent]);
        index = parent;
    }
    put(agenda, index, slot);
}

static size_t earliest_child(const struct agenda *agenda, size_t index)
{
    size_t first = index * CHILDREN + 1;
    size_t end = first + CHILDREN < agenda->count ? first + CHILDREN : agenda->count;
    size_t best = first;
    for (size_t child = first + 1; child < end; child++) {
        if (agenda->heap[child].due_us < agenda->heap[best].due_us)
            best = child;
    }
    return best;
}

static void move_down(struct agenda *agenda, size_t index)
{
    struct agenda_slot slot = agenda->heap[index];
    while (index * CHILDREN + 1 < agenda->count) {
        size_t child = earliest_child(agenda, index);
        if (slot.due_us <= agenda->heap[child].due_us)
            break;
        put(agenda, index, agenda->heap[child]);
        index = child;
    }
    put(agenda, index, slot);
}

static void append(struct agenda *agenda, struct agenda_entry *entry)
{
    if (agenda->count == agenda->capacity) {
        agenda->capacity = agenda->capacity == 0 ? CAPACITY_MIN : agenda->capacity * 2;
        agenda->heap = mem_realloc(agenda->heap, agenda->capacity * sizeof(*agenda->heap));
    }
    put(agenda, agenda->count++, (struct agenda_slot){ entry->due_us, entry });
}

void agenda_set(struct agenda *agenda, struct agenda_entry *entry, uint64_t due_us)
{
    entry->due_us = due_us;
    if (!agenda_has(entry))
        append(agenda, entry);
    agenda->heap[entry->place - 1].due_us = due_us;
    move_up(agenda, entry->place - 1);
    move_down(agenda, entry->place - 1);
}

void agenda_remove(struct agenda *agenda, struct agenda_entry *entry)
{
    if (!agenda_has(entry))
        return;
    size_t index = entry->place - 1;
    entry->place = 0;
    struct agenda_slot last = agenda->heap[--agenda->count];
    if (last.entry == entry)
        return;
    put(agenda, index, last);
    move_up(agenda, index);
    move_down(agenda, last.entry->place - 1);
}

uint64_t agenda_next_us(const struct agenda *agenda)
{
    return agenda->count == 0 ? AGENDA_NEVER : agenda->heap[0].due_us;
}

struct agenda_entry *agenda_pop_due(struct agenda *agenda, uint64_t now_us)
{
    if (agenda_next_us(agenda) > now_us)
        return NULL;
    struct agenda_entry *entry = agenda->heap[0].entry;
    agenda_remove(agenda, entry);
    return entry;
}

void agenda_init(struct agenda *agenda)
{
    *agenda = (struct agenda){ 0 };
}

void agenda_close(struct agenda *agenda)
{
    mem_free(agenda->heap);
    *agenda = (struct agenda){ 0 };
}
