/* offsets: which records of a partition are done, and how far it may be committed.
 *
 *      base                 watermark            next
 *       | done done done done | open done open done |          received: base .. next
 *
 *   watermark   the lowest offset that is not done: what is committed, and where a successor begins to read
 *   above       records that are done above the watermark: they would be redone after a crash
 *   gap         offsets that were never received between two that were (compaction, transaction markers): count as done
 *
 * Records are received in ascending order and done in any order. Received offsets are kept in a ring from the watermark
 * up, one word each; every operation is O(1), amortised over the moves of the watermark. No clock, no thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OFFSET_NONE INT64_C(-1)

struct offsets {
    int64_t *ring; /* the offset while it is open, its complement (negative) once it is done */
    size_t capacity;
    uint64_t first;    /* sequence of the record at the watermark */
    uint64_t last;     /* sequence after the newest record */
    int64_t watermark; /* OFFSET_NONE until it is known */
    int64_t next;      /* the lowest offset that may still be received */
    size_t above;
};

/* `start`: the first offset that will be read, or OFFSET_NONE when only the first record will tell. */
void offsets_init(struct offsets *offsets, int64_t start);
void offsets_close(struct offsets *offsets);

/* A record came. Its offset must be >= next. Returns its sequence, the handle for offsets_done. */
uint64_t offsets_receive(struct offsets *offsets, int64_t offset);

/* The record with this sequence is done. Returns true if the watermark moved. */
bool offsets_done(struct offsets *offsets, uint64_t sequence);

/* Nothing will be received below `position`: the reader is there (end of the partition behind a transaction marker). */
void offsets_skip_to(struct offsets *offsets, int64_t position);

/* Received and not done yet. */
size_t offsets_open(const struct offsets *offsets);

/* The done offsets above the watermark, in ascending order: sequences from `first`; for the commit's metadata. */
bool offsets_is_done(const struct offsets *offsets, uint64_t sequence);
int64_t offsets_at(const struct offsets *offsets, uint64_t sequence);
