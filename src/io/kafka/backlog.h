/* backlog: how much of one partition was stored and is not done yet, in bytes and records.
 *
 * Records come by offset and leave by a watermark. They are kept in chunks of 64, so the memory for 100,000 records is 37 KB;
 * a chunk leaves when its last record is done, so the answer is at most one chunk too high, never too low.
 * Embedded by its owner; a zeroed struct is an empty backlog. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct backlog_chunk {
    int64_t end; /* the offset after its last record */
    uint64_t bytes;
    uint32_t records;
};

struct backlog {
    uint64_t bytes;   /* read only */
    uint64_t records; /* read only */
    int64_t end;      /* the offset after the last record */
    int64_t done;     /* the last watermark */
    struct backlog_chunk *chunks;
    size_t first, count, capacity; /* chunks[first .. first + count) */
};

/* A record was stored; offset -1 when it is not known where: after all others. */
void backlog_add(struct backlog *backlog, int64_t offset, uint64_t bytes);

/* Everything below the watermark is done. It may run ahead of backlog_add: a report can come later than the work. */
void backlog_done(struct backlog *backlog, int64_t watermark);

/* The records from the last watermark to the end: exact, where `records` is rounded up. */
uint64_t backlog_unfinished(const struct backlog *backlog);

void backlog_free(struct backlog *backlog);
