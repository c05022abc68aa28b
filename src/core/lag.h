/* lag: what a group has still to read of a partition. No clock, no thread. */
#pragma once

#include <stdint.h>

/* Offsets from where the group is to the end of the log; never below 0, though the end may have been asked before the commit.
 * `committed` below 0: the group has no commit, and begins at `start`. Counted in offsets, as Kafka's own tool counts: those that
 * compaction took or that mark transactions are among them. */
int64_t lag_offsets(int64_t committed, int64_t start, int64_t end);
