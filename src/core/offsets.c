#include "core/offsets.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

#define CAPACITY_MIN 64

static int64_t *at(const struct offsets *offsets, uint64_t sequence)
{
    return &offsets->ring[sequence & (offsets->capacity - 1)];
}

static int64_t offset_of(int64_t entry)
{
    return entry < 0 ? ~entry : entry;
}

/* Ring positions are sequences modulo the capacity, so each entry moves to its new position. */
static void grow(struct offsets *offsets)
{
    struct offsets old = *offsets;
    offsets->capacity = old.capacity == 0 ? CAPACITY_MIN : old.capacity * 2;
    offsets->ring = mem_alloc(offsets->capacity * sizeof(*offsets->ring));
    for (uint64_t sequence = old.first; sequence < old.last; sequence++)
        *at(offsets, sequence) = *at(&old, sequence);
    mem_free(old.ring);
}

uint64_t offsets_receive(struct offsets *offsets, int64_t offset)
{
    assert(offset >= 0 && offset >= offsets->next);
    if (offsets->last - offsets->first == offsets->capacity)
        grow(offsets);
    if (offsets->first == offsets->last)
        offsets->watermark = offset; /* what lies between was never received: done */
    *at(offsets, offsets->last) = offset;
    offsets->next = offset + 1;
    return offsets->last++;
}

bool offsets_done(struct offsets *offsets, uint64_t sequence)
{
    assert(sequence >= offsets->first && sequence < offsets->last && *at(offsets, sequence) >= 0);
    *at(offsets, sequence) = ~*at(offsets, sequence);
    offsets->above++;
    if (sequence != offsets->first)
        return false;

    while (offsets->first < offsets->last && *at(offsets, offsets->first) < 0) {
        offsets->first++;
        offsets->above--;
    }
    offsets->watermark = offsets->first == offsets->last ? offsets->next : *at(offsets, offsets->first);
    return true;
}

void offsets_skip_to(struct offsets *offsets, int64_t position)
{
    if (position <= offsets->next)
        return;
    offsets->next = position;
    if (offsets->first == offsets->last)
        offsets->watermark = position;
}

size_t offsets_open(const struct offsets *offsets)
{
    return (size_t)(offsets->last - offsets->first) - offsets->above;
}

bool offsets_is_done(const struct offsets *offsets, uint64_t sequence)
{
    return *at(offsets, sequence) < 0;
}

int64_t offsets_at(const struct offsets *offsets, uint64_t sequence)
{
    return offset_of(*at(offsets, sequence));
}

void offsets_init(struct offsets *offsets, int64_t start)
{
    *offsets = (struct offsets){ .watermark = start, .next = start < 0 ? 0 : start };
}

void offsets_close(struct offsets *offsets)
{
    mem_free(offsets->ring);
    offsets->ring = NULL;
    offsets->capacity = 0;
}
