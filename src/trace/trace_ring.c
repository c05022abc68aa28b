#include "trace/trace_ring.h"

#include "base/memory.h"

#include <assert.h>

#define ALIGNMENT 8
#define PADDING   UINT32_MAX

/* What stands before each record, and before padding. */
struct mark {
    uint32_t taken; /* bytes up to the next mark */
    uint32_t size;  /* of the record, or PADDING */
};

static struct mark *mark_at(const struct trace_ring *ring, uint64_t position)
{
    return (struct mark *)(void *)(ring->bytes + (position & (ring->capacity - 1)));
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

/* Half, so that behind the longest padding there is still room for it. */
size_t trace_ring_record_max(const struct trace_ring *ring)
{
    return ring->capacity / 2 - sizeof(struct mark);
}

static void make_room(struct trace_ring *ring, uint64_t size)
{
    while (ring->head + size - ring->tail > ring->capacity) {
        const struct mark *oldest = mark_at(ring, ring->tail);
        ring->forgotten += oldest->size != PADDING;
        ring->tail += oldest->taken;
    }
}

static void *take(struct trace_ring *ring, uint64_t taken, uint32_t size)
{
    make_room(ring, taken);
    struct mark *mark = mark_at(ring, ring->head);
    *mark = (struct mark){ (uint32_t)taken, size };
    ring->head += taken;
    return mark + 1;
}

void trace_ring_add(struct trace_ring *ring, const void *record, size_t size)
{
    assert(size <= trace_ring_record_max(ring));
    uint64_t taken = (sizeof(struct mark) + size + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
    uint64_t before_end = ring->capacity - (ring->head & (ring->capacity - 1));
    if (before_end < taken)
        take(ring, before_end, PADDING);
    memcpy(take(ring, taken, (uint32_t)size), record, size);
    ring->added++;
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
    while (cursor->position < ring->head) {
        const struct mark *mark = mark_at(ring, cursor->position);
        cursor->position += mark->taken;
        if (mark->size == PADDING)
            continue;
        cursor->sequence++;
        *record = (struct text){ (const char *)(mark + 1), mark->size };
        return true;
    }
    return false;
}
