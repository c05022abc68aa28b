/* lanes: FIFOs of records that must be worked one after the other.
 *
 *   waiting --predecessor done--> ready --lane_start--> running --lane_done--> (next record ready, or the lane idle)
 *                                   ^                     |
 *                                   |                lane_rest
 *                               lane_wake                 v
 *                                   +------------------ resting          its slot is given back while it rests
 *
 * Order `partition`: one lane for all; `key`: one for each key (a record without a key is alone in its own); `none`: one
 * for each record. A set belongs to one assigned partition, so keys need no partition in them.
 *
 * Queued is what waits for its first start. A place is taken by lane_add alone and given back when the record starts, so that who
 * looks for room before lane_add never has more queued than there is room: what comes back from a rest takes no second place. Where
 * several lanes share a set, those behind a record that rests give theirs back too, and none is taken behind it: one key that rests
 * would stop the intake of all others. In one lane for all, to take more would not let anything run sooner, so they keep them.
 *
 * A lane holds no clock and no thread: the caller says what happened and when. Every operation is O(1), on average where
 * a key is looked up. A set lets go of an idle lane at once, so memory follows the keys in flight, not the keys ever seen. */
#pragma once

#include "base/list.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lane_order { LANE_ORDER_PARTITION, LANE_ORDER_KEY, LANE_ORDER_NONE };

enum record_state { RECORD_WAITING, RECORD_READY, RECORD_RUNNING, RECORD_RESTING };

struct lane; /* opaque; the set owns it */

/* Embedded in what is worked. The set owns the fields from lane_add to lane_done; `state` may be read. */
struct record {
    struct list link;
    struct lane *lane;
    struct text key; /* the embedder's, set before lane_add; absent and empty differ */
    enum record_state state;
    bool begun; /* has run at least once: it has left the queue for good */
};

struct lane_set {
    enum lane_order order;
    uint64_t seed;
    struct lane **buckets; /* order key: lanes by the hash of their key, chained */
    size_t bucket_count;   /* a power of two, or 0 */
    struct lane *only;     /* order partition: the one lane, while it is not idle */
    struct lane *spare;    /* idle ones, kept for the next: a few */
    unsigned spare_count;
    size_t lanes;
    size_t records; /* in the set, whatever their state */
    size_t queued;  /* places taken in the queue, see above */
    size_t running;
    size_t resting;
};

/* `seed` (random_seed) goes into the hash of keys: who sends them cannot choose such as share a bucket. */
void lane_set_init(struct lane_set *set, enum lane_order order, uint64_t seed);

/* The set must be empty: every record was given back, by lane_done or lane_drop. */
void lane_set_close(struct lane_set *set);

/* Adds a record at the end of its lane. The set borrows it until lane_done or lane_drop.
 * Returns true if it became ready at once (its lane was idle), false if it waits for its predecessor. */
bool lane_add(struct lane_set *set, struct record *record);

/* A ready record runs. */
void lane_start(struct lane_set *set, struct record *record);

/* Ends a running or a resting record for good. Gives `record` back to the caller.
 * Returns the successor that became ready by it, or NULL. */
struct record *lane_done(struct lane_set *set, struct record *record);

/* A hint that lane_done will be called soon. */
void lane_fetch(const struct record *record);

/* Lets a running record rest; its lane waits with it, others go on. The caller wakes it when its time has come. */
void lane_rest(struct lane_set *set, struct record *record);

/* A resting record is ready again. */
void lane_wake(struct lane_set *set, struct record *record);

/* A running record is ready again, as if it had not been started. */
void lane_put_back(struct lane_set *set, struct record *record);

/* Takes a record that does not run (ready, waiting or resting) out of its lane for good: its partition is revoked.
 * Does not make its successor ready. */
void lane_drop(struct lane_set *set, struct record *record);

/* Records in the lane of this one, itself included. */
size_t lane_length(const struct record *record);

/* Records of a key, in order `key`; 0 when there are none. */
size_t lane_set_length(const struct lane_set *set, struct text key);
