#include "trace/trace_ring.h"

#include "base/memory.h"

#include <assert.h>

#define ALIGNMENT 8
#define PADDING   UINT32_MAX

/* What stands before each record, and before padding, which goes to the end. */
struct mark {
    uint32_t size;   /* of the record, or PADDING */
    uint32_t before; /* bytes from the last mark to this one; 0: this is the first */
};

static struct mark *mark_at(const struct trace_ring *ring, uint64_t position)
{
    return (struct mark *)(void *)(ring->bytes + (position & (ring->capacity - 1)));
}

static uint64_t before_end(const struct trace_ring *ring, uint64_t position)
{
    return ring->capacity - (position & (ring->capacity - 1));
}

static uint64_t with_mark(uint64_t size)
{
    return (sizeof(struct mark) + size + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

static uint64_t after(const struct trace_ring *ring, uint64_t position)
{
    uint32_t size = mark_at(ring, position)->size;
    return position + (size == PADDING ? before_end(ring, position) : with_mark(size));
}

static uint64_t power_of_two_below(uint64_t value)
{
    uint64_t power = 1;
    while (power <= value / 2)
        power *= 2;
    return power;
}

void trace_ring_init(struct trace_ring *ring, uint64_t capacity)
{
    assert(capacity >= TRACE_RING_MIN);
    *ring = (struct trace_ring){ .capacity = power_of_two_below(capacity) };
    ring->bytes = mem_alloc(ring->capacity);
}

void trace_ring_close(struct trace_ring *ring)
{
    mem_free(ring->bytes);
    *ring = (struct trace_ring){ 0 };
}

size_t trace_ring_record_max(const struct trace_ring *ring)
{
    return ring->capacity - sizeof(struct mark);
}

static void make_room(struct trace_ring *ring, uint64_t size)
{
    while (ring->head + size - ring->tail > ring->capacity) {
        ring->forgotten += mark_at(ring, ring->tail)->size != PADDING;
        ring->tail = after(ring, ring->tail);
    }
}

/* Takes the room up to the next mark; returns the place behind this one. */
static void *take(struct trace_ring *ring, uint64_t taken, uint32_t size)
{
    make_room(ring, taken);
    struct mark *mark = mark_at(ring, ring->head);
    *mark = (struct mark){ .size = size, .before = ring->last };
    ring->head += taken;
    ring->last = (uint32_t)taken;
    return mark + 1;
}

uint64_t trace_ring_add(struct trace_ring *ring, const void *record, size_t size)
{
    assert(size <= trace_ring_record_max(ring));
    uint64_t taken = with_mark(size);
    if (before_end(ring, ring->head) < taken)
        take(ring, before_end(ring, ring->head), PADDING);
    uint64_t position = ring->head;
    memcpy(take(ring, taken, (uint32_t)size), record, size);
    ring->added++;
    return position;
}

/* False for padding. */
static bool record_at(const struct trace_ring *ring, uint64_t position, struct text *record)
{
    const struct mark *mark = mark_at(ring, position);
    *record = (struct text){ (const char *)(mark + 1), mark->size };
    return mark->size != PADDING;
}

static void overtake(const struct trace_ring *ring, struct trace_cursor *cursor, uint64_t *missed)
{
    if (missed != NULL)
        *missed += ring->forgotten - cursor->sequence;
    *cursor = (struct trace_cursor){ ring->tail, ring->forgotten };
}

bool trace_ring_next(const struct trace_ring *ring, struct trace_cursor *cursor, struct text *record, uint64_t *missed)
{
    if (cursor->position < ring->tail)
        overtake(ring, cursor, missed);
    bool found = false;
    while (!found && cursor->position < ring->head) {
        found = record_at(ring, cursor->position, record);
        cursor->position = after(ring, cursor->position);
    }
    cursor->sequence += found;
    return found;
}

bool trace_ring_at(const struct trace_ring *ring, uint64_t position, struct text *record)
{
    return position >= ring->tail && position < ring->head && record_at(ring, position, record);
}

bool trace_ring_back(const struct trace_ring *ring, uint64_t *position, struct text *record)
{
    bool found = false;
    while (!found && *position > ring->tail) {
        *position -= *position == ring->head ? ring->last : mark_at(ring, *position)->before;
        found = record_at(ring, *position, record);
    }
    return found;
}
