/* commit_metadata: which topic a commit is of, and what is done above the watermark, as the text that goes along with the commit.
 *
 *   base64( magic | version | CRC-32C | topic id | base | kind | runs, bitmap, or nothing )    docs/commit-metadata.md, byte by byte
 *
 * Whoever has the partition next need not do again what it tells, and does not take a deleted topic's offset for one of its successor.
 * Written so that it is never longer than 3 KiB: what does not fit is left out, and done again. Read so that in doubt it tells nothing:
 * work may be done again, never skipped. No I/O, no thread. */
#pragma once

#include "base/text.h"
#include "core/offsets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Brokers take 4096 bytes (offset.metadata.max.bytes) unless they are told otherwise; a quarter is left to those that take less. */
enum { COMMIT_METADATA_MAX = 3072 };

/* A topic that was deleted and made anew has the same name and another id. All 0: the broker tells none (before 2.8). */
struct topic_id {
    uint8_t bytes[16];
};

/* Writes the text for a commit of the watermark; returns its size, 0 when there is nothing to tell: nothing is done above it, and the
 * broker tells no topic id. */
size_t commit_metadata_write(const struct offsets *offsets, const struct topic_id *topic, char out[COMMIT_METADATA_MAX]);

enum commit_metadata_verdict {
    METADATA_VALID,
    METADATA_EMPTY, /* of this commit and topic, and nothing is done above it */
    METADATA_ABSENT,
    METADATA_FOREIGN,       /* another program's */
    METADATA_VERSION,       /* a version that is not known here */
    METADATA_DAMAGED,       /* cut short, changed, or not what any writer writes */
    METADATA_UNKNOWN_TOPIC, /* it or the broker tells no topic id, the other does */
    METADATA_OTHER_TOPIC,   /* of a topic that had this name before: the commit is not worth more than its metadata */
    METADATA_OTHER_BASE,    /* of another commit than this: somebody has moved the offset and kept the text */
    METADATA_BEYOND_END,    /* tells of records that the log does not have: others will come to their offsets */
    METADATA_NO_MEMORY,
};

/* Is this text what was written with a commit of `base` on this topic? What it tells is not looked at. */
enum commit_metadata_verdict commit_metadata_check(struct text text, const struct topic_id *topic, int64_t base);

/* The same, and what it tells, for offsets_restore; nothing unless it returns METADATA_VALID. `end`: of the log, the offset that the
 * next record gets. */
enum commit_metadata_verdict commit_metadata_read(struct text text, const struct topic_id *topic, int64_t base, int64_t end,
                                                  struct offset_ranges *done);

/* One word for a metric's label, and the end of a sentence ("its metadata is ignored: ..."). */
const char *commit_metadata_word(enum commit_metadata_verdict verdict);
const char *commit_metadata_reason(enum commit_metadata_verdict verdict);

/* How many more records may be received so that the text holds everything, in whatever order they end: O(1). At least 1 where
 * nothing is open. Records so far apart that gaps alone pass the bound are not foreseen; then something is left out. */
size_t commit_metadata_room(const struct offsets *offsets);
