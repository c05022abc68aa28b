#include "trace/span_store.h"

#include "base/memory.h"

#define BYTES_A_BUCKET 1024 /* about seven spans */

void span_store_init(struct span_store *store, uint64_t capacity)
{
    trace_ring_init(&store->ring, capacity);
    store->bucket_count = store->ring.capacity / BYTES_A_BUCKET;
    store->newest = mem_alloc(store->bucket_count * sizeof(*store->newest));
    for (uint64_t i = 0; i < store->bucket_count; i++)
        store->newest[i] = TRACE_RING_NOWHERE;
}

void span_store_close(struct span_store *store)
{
    trace_ring_close(&store->ring);
    mem_free(store->newest);
    *store = (struct span_store){ 0 };
}

static uint64_t bucket_of(const struct span_store *store, const uint8_t trace_id[16])
{
    uint64_t low;
    memcpy(&low, trace_id + 8, sizeof(low)); /* random, as W3C recommends for every trace id */
    return (low ^ low >> 32) & (store->bucket_count - 1);
}

void span_store_expect(const struct span_store *store, const uint8_t trace_id[16])
{
    __builtin_prefetch(&store->newest[bucket_of(store, trace_id)], 1);
}

void span_store_add(struct span_store *store, char *record, size_t size)
{
    struct span_outline *outline = span_record_outline_of(record);
    uint64_t *newest = &store->newest[bucket_of(store, outline->context.trace_id)];
    outline->previous = *newest;
    *newest = trace_ring_add(&store->ring, record, size);
}

void span_walk_begin(struct span_walk *walk, const struct span_store *store, const uint8_t trace_id[16], size_t steps)
{
    *walk = (struct span_walk){ .store = store, .steps = steps, .position = TRACE_RING_NOWHERE };
    memcpy(walk->trace_id, trace_id, sizeof(walk->trace_id));
    if (store->newest != NULL)
        walk->position = store->newest[bucket_of(store, trace_id)];
}

bool span_walk_next(struct span_walk *walk, struct text *record)
{
    while (walk->steps > 0 && trace_ring_at(&walk->store->ring, walk->position, record)) {
        const struct span_outline *outline = span_record_outline(*record);
        walk->steps--;
        walk->position = outline->previous;
        if (memcmp(outline->context.trace_id, walk->trace_id, sizeof(walk->trace_id)) == 0)
            return true;
    }
    return false;
}
