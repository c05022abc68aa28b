/* trace_ring: records of bytes in a ring of fixed size: what is new takes the place of what is oldest.
 *
 *   tail                          head
 *    | record | record | record |  ...free...  | padding |
 *
 * A record never wraps: what does not fit before the end begins anew at the start, behind padding. Positions count bytes since the
 * beginning and never wrap either, so a cursor that has been overtaken sees it, and by how many records; and a position that somebody
 * has kept tells whether its record is still there.
 * Adding is a copy; O(1) amortised. No allocation after the start. One thread. */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_ring {
    char *bytes;
    uint64_t capacity; /* a power of two */
    uint64_t head;     /* where the next record goes */
    uint64_t tail;     /* the oldest record */
    uint32_t last;     /* bytes from the newest record to the head */
    uint64_t added;    /* records, since the start */
    uint64_t forgotten;
};

/* How far a reader has come. Zeroed: before the first record that was ever added. */
struct trace_cursor {
    uint64_t position;
    uint64_t sequence; /* records before it */
};

/* `capacity` is rounded down to a power of two, and must be TRACE_RING_MIN at least. */
#define TRACE_RING_MIN 64
void trace_ring_init(struct trace_ring *ring, uint64_t capacity);
void trace_ring_close(struct trace_ring *ring);

/* The largest record that it takes: all others are forgotten then. */
size_t trace_ring_record_max(const struct trace_ring *ring);

/* Copies the record in, and forgets what stood in its place. Returns its position. */
uint64_t trace_ring_add(struct trace_ring *ring, const void *record, size_t size);

/* Records are aligned to 8 bytes, and stay valid until the next trace_ring_add. */

/* Takes the record after the cursor, and moves the cursor behind it. False: there is none. `*missed` (may be NULL) is increased by the
 * records that were forgotten before the cursor came to them. */
bool trace_ring_next(const struct trace_ring *ring, struct trace_cursor *cursor, struct text *record, uint64_t *missed);

/* The record at a position that trace_ring_add returned. False: it is forgotten, or TRACE_RING_NOWHERE. */
#define TRACE_RING_NOWHERE UINT64_MAX
bool trace_ring_at(const struct trace_ring *ring, uint64_t position, struct text *record);

/* Goes back by one record, from `*position`, which begins at the head. False: there is none before. */
bool trace_ring_back(const struct trace_ring *ring, uint64_t *position, struct text *record);
