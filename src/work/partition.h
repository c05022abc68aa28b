/* partition: one that the group has given us, from its assignment until nothing of it is under way any more. A later assignment of the
 * same one is another object, so what ends late finds its own, never its successor's. Nobody outside of work/ includes this.
 *
 *   OURS --wanted back--> GIVEN_UP --its end is committed--> LEFT --the last job, the last commit ends--> freed
 *     \______________________\_______________lost__________^
 *
 *   source   its records at the broker (io/kafka/consumer); none once it is left
 *   hungry   in line to take records, because its source may have some
 *   crowd    in key order: a key whose lane fills half of what the partition may hold
 *   tally    what was done of it, over assignments */
#pragma once

#include "base/list.h"
#include "base/metrics.h"
#include "core/lanes.h"
#include "core/offsets.h"
#include "core/scheduler.h"
#include "io/kafka/consumer.h"

struct job;
struct work;

struct crowd {
    size_t at;       /* a lane of so many records is one; SIZE_MAX: none is */
    struct text key; /* a copy; absent: there is none */
    uint64_t since_us;
};

enum partition_state {
    PARTITION_OURS,
    PARTITION_GIVEN_UP, /* wanted back by the group: what runs may end, nothing begins */
    PARTITION_LEFT,     /* given back or lost: what ends, ends for nobody */
};

/* Records ended for good since the process began. */
struct tally {
    bool assigned; /* ever */
    uint64_t done, dead;
};

struct partition {
    struct list link; /* in work.partitions, work.giving_up, or work.leftovers */
    struct work *work;
    int32_t number;
    enum partition_state state;
    struct consumer_partition *source; /* NULL once it is left */
    struct lane_set lanes;
    struct schedule_source schedule;
    struct offsets offsets;
    struct list jobs;                         /* oldest first */
    struct list hungry;                       /* in work.hungry while its source may have records */
    size_t records, bytes;                    /* of its jobs */
    size_t counted;                           /* of it in work->queue */
    size_t sending;                           /* publications under way, at least once */
    bool unsure;                              /* what is committed of it cannot be told: nothing more is, and it is about to be lost */
    int64_t committed;                        /* as last acknowledged */
    int64_t committing;                       /* as last asked for */
    uint64_t committed_done, committing_done; /* offsets.done then */
    bool bare;                                /* the next commit is to go without metadata */
    unsigned commits;                         /* under way */
    uint64_t average_bytes;
    uint64_t moved_us;   /* when its watermark moved last, or its first record came */
    struct crowd crowd;  /* order key: a key that is head of line */
    struct tally *tally; /* the work's */
    struct series *consumed_series;
};

/* --- partition.c --- */
struct partition *partition_new(struct work *work, struct consumer_partition *source, int32_t number, int64_t start);
/* Drops what is not under way. */
void partition_drop_waiting(struct partition *partition);
size_t partition_under_way(const struct partition *partition);
/* It is somebody else's now; what is under way ends for nobody. */
void partition_leave(struct partition *partition);
/* Something of it has ended: if it was left and this was the last, it is freed. */
void partition_release(struct partition *partition);
/* Begins nothing of it any more, and drops what waits. */
void partition_stop_starting(struct partition *partition);

/* --- intake.c --- */
/* The partition's source has records, perhaps: it gets its turns from now on. */
void intake_wants(struct partition *partition);
/* Takes what there is room for, in turns. Returns how many. */
size_t intake_take(struct work *work, uint64_t now_us);
/* How many records the partition may take now. */
size_t intake_room(const struct partition *partition);
/* After each change of its lanes. */
void intake_account(struct partition *partition);

/* --- crowd.c --- */
/* Before records are taken: how long a lane must be to be a crowd, now that the partition may take `room` more. */
void crowd_update(struct partition *partition, size_t room);
/* The job is the last of a lane that has become one. */
void crowd_begin(struct partition *partition, const struct job *job);
/* Some lane of a partition with a crowd has ended. */
void crowd_lane_ended(struct partition *partition);
/* How many records of it are held; 0: there is none. */
size_t crowd_size(const struct partition *partition);
void crowd_close(struct partition *partition);

/* --- tally.c --- */
struct tally *tally_of(struct work *work, int32_t number);
void tally_close(struct work *work);
