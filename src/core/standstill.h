/* standstill: why a partition does not move, in one sentence: of all that is true, the most specific.
 *
 *   "partition 7 waits for offset 1234 (key k-7), which has failed 3 times and is tried again in 12 s; 400 later records are done
 *    and 20 wait behind it in its lane"
 *
 * The caller fills in what it sees; the rules (standstill.c, a table in the order of their rank) choose. No clock, no state. */
#pragma once

#include "base/buffer.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum standstill_standing { STANDING_ELSEWHERE, STANDING_GIVEN_UP, STANDING_OURS };

/* What the oldest record that is not done waits for. */
enum standstill_oldest {
    OLDEST_NONE, /* all that was taken is done */
    OLDEST_READY,
    OLDEST_RUNNING,
    OLDEST_RESTING,     /* until its next attempt */
    OLDEST_SENDING,     /* what it leaves behind, its output or a dead letter, is on its way */
    OLDEST_REFUSED,     /* that was not taken, and is sent again */
    OLDEST_UNCOMMITTED, /* that waits for the transaction that takes it along */
};

/* What the partition cannot take more of. */
enum standstill_full { FULL_NOT, FULL_QUEUE, FULL_RECORDS, FULL_BYTES, FULL_METADATA };

struct standstill {
    int32_t partition;
    enum standstill_standing standing;
    bool stopping; /* the process shuts down */
    bool doubtful; /* the process stood still: it may be somebody else's by now */
    bool paused;
    bool undecided; /* an open transaction of a producer holds what follows its position */

    int64_t position;  /* to be taken next */
    int64_t end;       /* of the log; -1: not heard of yet */
    int64_t watermark; /* the lowest offset that is not done */
    int64_t committed; /* below 0: nothing yet */
    size_t running, waiting, done_above;
    enum standstill_full full;
    uint64_t full_limit; /* in records or bytes */

    struct {
        enum standstill_oldest state;
        int64_t offset;
        struct text key; /* any bytes */
        unsigned failures;
        uint64_t running_ms;
        uint64_t timeout_ms; /* 0: it is not over */
        bool stuck;          /* cannot be ended */
        uint64_t again_ms;
        bool is_output;      /* it leaves behind, else a dead letter */
        const char *goes_to; /* the topic of that */
        const char *reason;  /* why that was not taken; "": it was not tried yet */
        size_t behind;       /* records in its lane that wait for it */
        size_t crowd;        /* its key is head of line: records of it that are held; 0: it is not */
    } oldest;

    size_t slots_busy, slots_limit;
    const char *slots_taken; /* "7 of jobs and 3 of orders" */

    const char *away; /* why what the handler needs is not there; NULL: it is */
    uint64_t away_again_ms;
    const char *refused; /* why the last commit was not taken; NULL: it was */
    uint64_t refused_ms; /* since when */
};

/* Appends the sentence, without a full stop. */
void standstill_tell(const struct standstill *facts, struct buffer *out);
