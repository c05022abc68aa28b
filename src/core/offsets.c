#include "core/offsets.h"

#include "base/memory.h"

#include <assert.h>

#define CAPACITY_MIN 64

/* In the line of open records, by ascending offset; or in the line of the unused, by `after` alone. Places instead of pointers:
 * they stay true when the array moves, and are half as large. */
struct offset_node {
    int64_t offset;    /* OFFSET_NONE while unused */
    uint64_t sequence; /* records received before it */
    uint32_t before, after;
};

/* --- received, done --- */

static __attribute__((cold)) void grow(struct offsets *offsets)
{
    uint32_t old = offsets->capacity;
    assert(old <= UINT32_MAX / 2);
    offsets->capacity = old == 0 ? CAPACITY_MIN : old * 2;
    offsets->nodes = mem_realloc(offsets->nodes, offsets->capacity * sizeof(*offsets->nodes));
    if (old == 0)
        offsets->nodes[old++] = (struct offset_node){ .offset = OFFSET_NONE };
    for (uint32_t place = old; place < offsets->capacity; place++)
        offsets->nodes[place] = (struct offset_node){ .offset = OFFSET_NONE, .after = place + 1 };
    offsets->nodes[offsets->capacity - 1].after = 0;
    offsets->unused = old;
}

static bool is_restored(struct offsets *offsets, int64_t offset);

static __attribute__((cold)) uint32_t pass(struct offsets *offsets, int64_t offset)
{
    offsets->received++;
    offsets->passed++;
    offsets->next = offset + 1;
    if (offsets_open(offsets) == 0)
        offsets->watermark = offset + 1;
    return 0;
}

uint32_t offsets_receive(struct offsets *offsets, int64_t offset)
{
    assert(offset >= 0 && offset >= offsets->next);
    if (offset >= offsets->restored_from && is_restored(offsets, offset))
        return pass(offsets, offset);
    if (offsets->unused == 0)
        grow(offsets);

    struct offset_node *nodes = offsets->nodes;
    uint32_t place = offsets->unused;
    uint32_t last = nodes[0].before;
    struct offset_node *node = &nodes[place];
    offsets->unused = node->after;
    *node = (struct offset_node){ .offset = offset, .sequence = offsets->received++, .before = last };
    nodes[last].after = place;
    nodes[0].before = place;
    offsets->next = offset + 1;
    if (last == 0)
        offsets->watermark = offset; /* what lies between was never received: done */
    return place;
}

bool offsets_done(struct offsets *offsets, uint32_t place)
{
    struct offset_node *nodes = offsets->nodes;
    struct offset_node *node = &nodes[place];
    assert(node->offset != OFFSET_NONE);
    uint32_t before = node->before, after = node->after;
    nodes[before].after = after;
    nodes[after].before = before;
    node->offset = OFFSET_NONE;
    node->after = offsets->unused;
    offsets->unused = place;
    offsets->done++;
    if (before != 0)
        return false;
    offsets->watermark = after == 0 ? offsets->next : nodes[after].offset;
    return true;
}

void offsets_fetch(const struct offsets *offsets, uint32_t place)
{
    __builtin_prefetch(&offsets->nodes[place], 1);
}

size_t offsets_open(const struct offsets *offsets)
{
    return (size_t)(offsets->received - offsets->passed - offsets->done);
}

void offsets_skip_to(struct offsets *offsets, int64_t position)
{
    if (position <= offsets->next)
        return;
    offsets->next = position;
    if (offsets_open(offsets) == 0)
        offsets->watermark = position;
}

/* --- restored --- */

static void forget_restored(struct offsets *offsets)
{
    mem_free(offsets->restored.items);
    offsets->restored = (struct offset_ranges){ NULL, 0 };
    offsets->restored_place = 0;
    offsets->restored_from = INT64_MAX;
}

/* Offsets ascend, so ranges that end before this one are never needed again. */
static bool is_restored(struct offsets *offsets, int64_t offset)
{
    const struct offset_ranges *restored = &offsets->restored;
    while (offsets->restored_place < restored->count && restored->items[offsets->restored_place].to <= offset)
        offsets->restored_place++;
    if (offsets->restored_place == restored->count) {
        forget_restored(offsets);
        return false;
    }
    offsets->restored_from = restored->items[offsets->restored_place].from;
    return offset >= offsets->restored_from;
}

void offsets_restore(struct offsets *offsets, struct offset_ranges done)
{
    assert(offsets->received == 0 && (done.count == 0 || done.items[0].from >= offsets->watermark));
    forget_restored(offsets);
    offsets->restored = done;
    if (done.count > 0)
        offsets->restored_from = done.items[0].from;
}

/* The rest of a restored range that lies above `next`. False if nothing of it does. */
static bool rest_of(const struct offsets *offsets, size_t place, struct offset_range *rest)
{
    *rest = offsets->restored.items[place];
    if (rest->from < offsets->next)
        rest->from = offsets->next;
    return rest->from < rest->to;
}

/* --- what is done above the watermark --- */

size_t offsets_above(const struct offsets *offsets)
{
    uint64_t above = 0;
    size_t open = offsets_open(offsets);
    if (open > 0)
        above = offsets->received - offsets->nodes[offsets->nodes[0].after].sequence - open;
    struct offset_range rest;
    for (size_t i = offsets->restored_place; i < offsets->restored.count; i++) {
        if (rest_of(offsets, i, &rest))
            above += (uint64_t)(rest.to - rest.from);
    }
    return (size_t)above;
}

int64_t offsets_end(const struct offsets *offsets)
{
    const struct offset_ranges *restored = &offsets->restored;
    int64_t end = restored->count == 0 ? OFFSET_NONE : restored->items[restored->count - 1].to;
    return end > offsets->next ? end : offsets->next;
}

/* Between two open ones, or behind the last. */
static bool next_received(const struct offsets *offsets, struct offset_cursor *cursor, struct offset_range *range)
{
    const struct offset_node *nodes = offsets->nodes;
    while (cursor->place != 0) {
        range->from = nodes[cursor->place].offset + 1;
        cursor->place = nodes[cursor->place].after;
        range->to = cursor->place == 0 ? offsets->next : nodes[cursor->place].offset;
        if (range->from < range->to)
            return true;
    }
    return false;
}

static bool next_restored(const struct offsets *offsets, struct offset_cursor *cursor, struct offset_range *range)
{
    while (cursor->restored < offsets->restored.count) {
        if (rest_of(offsets, cursor->restored++, range))
            return true;
    }
    return false;
}

bool offsets_next_done(const struct offsets *offsets, struct offset_cursor *cursor, struct offset_range *range)
{
    if (!cursor->begun) {
        *cursor = (struct offset_cursor){ .restored = offsets->restored_place, .begun = true };
        cursor->place = offsets->nodes == NULL ? 0 : offsets->nodes[0].after;
    }
    struct offset_range more;
    if (!next_received(offsets, cursor, range))
        return next_restored(offsets, cursor, range);
    if (cursor->place == 0 && range->to == offsets->next && next_restored(offsets, cursor, &more)) {
        if (more.from == range->to)
            range->to = more.to;
        else
            cursor->restored--;
    }
    return true;
}

/* --- begin and end --- */

void offsets_init(struct offsets *offsets, int64_t start)
{
    *offsets = (struct offsets){ .watermark = start, .next = start < 0 ? 0 : start, .restored_from = INT64_MAX };
}

void offsets_close(struct offsets *offsets)
{
    mem_free(offsets->nodes);
    offsets->nodes = NULL;
    offsets->capacity = offsets->unused = 0;
    forget_restored(offsets);
}
