/* spread: which partition a record without a key goes to.
 *
 *   current   the partition that takes such records now; it is left when a batch has had its time to fill
 *   busy      a partition with records on their way: they have no report yet
 *
 *   current: takes a batch --hold is over--> the next partition that is not busy
 *            ^                          '--> all are busy: stays, and its batch grows
 *
 * librdkafka's idempotent producer has one batch of a partition on its way, and while another waits behind it longer than its linger,
 * the thread asks the socket without a pause. So no batch is put behind another while some partition is idle.
 *
 * Reads no clock. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct spread {
    uint64_t hold_us;  /* how long a partition stays the current one */
    uint64_t since_us; /* when it became it */
    int32_t current;
    int32_t busy;
    uint32_t *on_way; /* records of each partition */
    int32_t on_way_count;
};

/* `first`: where to begin, any number; of many processes each should have another. */
void spread_init(struct spread *spread, uint64_t hold_us, uint32_t first);
void spread_free(struct spread *spread);

/* Whether a record for this partition would find a leader. */
typedef bool (*spread_available)(const void *arg, int32_t partition);

/* The partition of 0..partitions-1, at least one, that a record goes to now: one that is available, if there is any.
 * O(1); O(partitions) when the current one changes. */
int32_t spread_choose(struct spread *spread, int32_t partitions, uint64_t now_us, spread_available available, const void *arg);

/* A record, with a key or without, is on its way to a partition; and has its report. -1: nobody knows where to, so nothing is counted. */
void spread_enter(struct spread *spread, int32_t partition);
void spread_leave(struct spread *spread, int32_t partition);
