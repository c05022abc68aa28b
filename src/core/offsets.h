/* offsets: which records of a partition are done, and how far it may be committed.
 *
 *      base                 watermark            next                  end of what was restored
 *       | done done done done | open done open done |  ?  ?  done done  ?  done |
 *
 *   watermark   the lowest offset that is not done: what is committed, and where a successor begins to read
 *   above       records that are done above the watermark: they would be redone after a crash, but for the commit's metadata
 *   gap         offsets that were never received between two that were (compaction, transaction markers): count as done
 *   restored    done by whoever had the partition before, as the commit's metadata told; when such a record comes it is passed
 *
 * Records are received in ascending order and done in any order. Only what is open is kept, in a line by offset: all between
 * is done. So memory and the listing follow what is open, however much is done above the watermark. Every other operation is
 * O(1), amortised. No clock, no thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OFFSET_NONE INT64_C(-1)

/* From `from` up to, not including, `to`. */
struct offset_range {
    int64_t from, to;
};

/* Ascending, none empty, none touching the next. */
struct offset_ranges {
    struct offset_range *items; /* by mem_try_alloc; NULL when count is 0 */
    size_t count;
};

struct offset_node; /* one open record */

struct offsets {
    struct offset_node *nodes; /* [0] is both ends of the line */
    uint32_t capacity;
    uint32_t unused;   /* the first of those that hold nothing; 0: none */
    int64_t watermark; /* OFFSET_NONE until it is known */
    int64_t next;      /* the lowest offset that may still be received */
    uint64_t received; /* records, ever */
    uint64_t passed;   /* of them: done by an earlier owner */
    uint64_t done;     /* of them, by offsets_done; when it changes, so does what there is to commit */
    struct offset_ranges restored;
    size_t restored_place; /* the first of them that is not behind `next` */
    int64_t restored_from; /* where it begins; INT64_MAX when none is left */
};

/* `start`: the first offset that will be read, or OFFSET_NONE when only the first record will tell. */
void offsets_init(struct offsets *offsets, int64_t start);
void offsets_close(struct offsets *offsets);

/* These are done already, all at `start` or above. Before the first record; takes the items. */
void offsets_restore(struct offsets *offsets, struct offset_ranges done);

/* A record came. Its offset must be >= next. Returns its place, the handle for offsets_done; 0 (never a place) for a record
 * that was done by an earlier owner: it is not to be worked. */
uint32_t offsets_receive(struct offsets *offsets, int64_t offset);

/* The record at this place is done; the place is forgotten. Returns true if the watermark moved. */
bool offsets_done(struct offsets *offsets, uint32_t place);

/* A hint that offsets_done will be called soon. */
void offsets_fetch(const struct offsets *offsets, uint32_t place);

/* Nothing will be received below `position`: the reader is there (end of the partition behind a transaction marker). */
void offsets_skip_to(struct offsets *offsets, int64_t position);

/* Received and not done yet. */
size_t offsets_open(const struct offsets *offsets);

/* Records done above the watermark; what was restored counts by offsets. O(1) while nothing restored is left. */
size_t offsets_above(const struct offsets *offsets);

/* The first offset above everything that is known to be done or was received; at least `next`. */
int64_t offsets_end(const struct offsets *offsets);

/* Goes through what is done above the watermark, gaps too, in ascending ranges. A zeroed cursor begins. False: that was all. */
struct offset_cursor {
    uint32_t place;
    size_t restored;
    bool begun;
};

bool offsets_next_done(const struct offsets *offsets, struct offset_cursor *cursor, struct offset_range *range);
