/* work_parts: what the files of the flow share; nobody else includes it.
 *
 *   work.c          opens; the group's events
 *   work_end.c      drains, commits for the last time, closes
 *   work_shared.c   what the works of all streams share
 *   job.c           a record as we hold it, and its end
 *   intake.c        takes records where there is room
 *   trim.c          gives memory back when it has become quiet
 *   turn.c          when: once a turn of the loop
 *   hold.c          why nothing is started meanwhile
 *   control.c       what is changed from outside: pauses, slots, simulated time
 *   tally.c         what has ended, a partition, over assignments
 *   run.c           attempts, and what their outcomes mean
 *   dead_letter.c   publishes what cannot be worked
 *   partition.c     a partition from its assignment to its end
 *   give_up.c       what the group wants back
 *   commit.c        commits watermarks
 *   crowd.c         keys that are head of line
 *   stuck.c         attempts past their timeout
 *   why.c           why a partition does not move
 *   sections.c      what /debug/stats tells
 *   work_stats.c    what work.stats, work.counts and the metrics tell */
#pragma once

#include "base/list.h"
#include "base/loop.h"
#include "base/random.h"
#include "base/shelf.h"
#include "core/lanes.h"
#include "core/offsets.h"
#include "core/retry.h"
#include "core/room.h"
#include "core/scheduler.h"
#include "io/kafka/consumer.h"
#include "work/alarm.h"
#include "work/handler.h"
#include "work/work.h"

/* What is due in a work's alarm. The first member, so that an entry leads back to it. */
struct due {
    struct agenda_entry entry;
    void (*on_due)(struct due *due, uint64_t now_us);
};

/* Why a work starts nothing for now; it goes on when none is left. */
enum work_hold {
    HOLD_UNAVAILABLE = 1, /* what the jobs need is away */
    HOLD_ENDING = 2,      /* drained or closed: for good */
    HOLD_DOUBT = 4,       /* the process stood still: the partitions may be somebody else's by now */
    HOLD_PAUSED = 8,      /* from outside; nothing is taken either */
};

/* A key whose lane fills half of what its partition may hold. */
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

/* A partition from its assignment until nothing of it is under way any more. A later assignment of the same one is another object,
 * so what ends late finds its own, never its successor's. */
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
    size_t bytes;                             /* of its jobs */
    size_t counted;                           /* of it in work->queue */
    size_t sending;                           /* dead letters under way */
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

struct run;

/* A record as we hold it: copied out of librdkafka's buffer in one allocation, its texts point behind the struct. */
struct job {
    struct record record; /* first: a record leads back to its job */
    struct schedule_entry entry;
    struct due rest; /* until the next attempt, of the handler or of the dead letter */
    struct list link;
    struct partition *partition;
    struct run *run;         /* while it runs */
    struct dead_letter *end; /* once it cannot be worked */
    int64_t offset;
    int64_t timestamp_ms;
    uint64_t began_us; /* its first attempt; 0 before */
    unsigned failures;
    uint32_t place; /* in offsets */
    uint32_t header_count;
    uint32_t size_bytes;
    bool unreadable; /* no memory was had for its contents: they are absent */
    struct text value;
    struct consumer_header headers[]; /* and then the bytes */
};

/* An attempt under way: kept apart from the job, so that waiting ones are small. */
struct run {
    struct attempt attempt; /* first: an attempt leads back to its run */
    struct due timeout;
    struct list link; /* in work.idle_runs while it is not used, in work.overdue while it is overdue */
    struct job *job;
    uint64_t started_us;
    bool overdue; /* its timeout is over: linked in work.overdue */
    bool stuck;   /* and it cannot be ended */
    bool cut;     /* nobody waits for it any more */
};

struct work_series {
    struct series *done, *dead, *attempts[4], *retries, *duration, *attempt_duration, *dead_stored, *dead_errors, *offsets_missing,
        *skipped, *bare;
    struct series *waiting, *queued, *running, *resting, *partitions, *paused, *slots, *stuck, *crowds, *crowded;
    struct series *committed, *commit_refused, *assigned, *revoked, *lost, *broken;
};

struct work {
    struct list link; /* in work_shared.works */
    struct work_options options;
    const struct work_config *config;
    struct work_shared *shared;
    struct consumer *consumer; /* NULL once it is closed */
    const struct handler *handler;
    void *handler_state;
    struct handler_context handler_context;
    struct random random;
    struct retry_policy retry;

    struct scheduler own_slots; /* with `concurrency` */
    struct scheduler *slots;
    struct schedule_stream schedule;
    uv_idle_t turn; /* runs while there is something to start or to take */

    struct list partitions; /* assigned */
    struct list giving_up;  /* wanted back by the group: what runs of them ends first */
    struct list leftovers;  /* gone, with something still under way */
    struct list hungry;     /* partitions, in the order of their turns */
    struct room queue, records, bytes;
    struct list idle_runs;
    struct list overdue; /* runs past their timeout, the oldest first */
    size_t stuck;        /* of them: cannot be ended */
    struct shelf jobs;   /* memory of jobs that have ended, for the next ones */
    size_t running;      /* attempts under way, of any partition ever */
    size_t sending;      /* dead letters under way */

    struct alarm alarm;
    struct due commit_due;
    struct due give_up_due; /* the end of patience with running jobs of partitions wanted back */
    struct due final_due;   /* the last commit of what is given up is tried again */
    struct due probe_due;   /* after UNAVAILABLE: when the next attempt may begin */
    struct due drain_due;
    struct due trim_due; /* a look whether it has become quiet */
    uint64_t taken_at_look, taken_at_trim;
    unsigned holds;       /* of enum work_hold */
    unsigned unavailable; /* in a row; 0: all is well */
    struct error away;    /* what was unavailable last */
    struct error refused; /* the last commit; code 0: it was taken */
    uint64_t refused_us;  /* since when */
    bool final_commit;    /* of what is given up, under way */
    uint64_t final_until_us;
    uint64_t give_ups; /* so far: the answer to an earlier final commit is not for this one */

    bool stopped;  /* takes no more records */
    bool draining; /* starts nothing any more */
    void (*drained)(void *arg, size_t still_running);
    void *drained_arg;
    bool closing;
    bool leaving;         /* the group */
    uint64_t leave_by_us; /* then the last commits are not waited for any longer */
    void (*closed)(void *arg);
    void *closed_arg;
    struct gate gate;

    struct work_counts counts; /* the cumulative ones */
    char member[96];           /* a name for this process, where none is configured */
    struct tally **tallies;    /* of each partition up to the highest that was ever assigned */
    size_t tally_count;
    uint64_t ended_us; /* the last record that was worked; 0: none yet */
    struct work_series series;
};

/* --- job.c --- */
/* A copy of the record, at the end of its partition's jobs; not yet in its lane. */
struct job *job_new(struct partition *partition, const struct consumer_record *record);
void job_free(struct job *job);

/* --- intake.c --- */
/* The partition's source has records, perhaps: it gets its turns from now on. */
void intake_wants(struct partition *partition);
/* Takes what there is room for, in turns. Returns how many. */
size_t intake_take(struct work *work);
/* How many records the partition may take now. */
size_t intake_room(const struct partition *partition);
/* After each change of its lanes. */
void intake_account(struct partition *partition);

/* --- trim.c --- */
/* Records have come: once no more do, and those are done, their memory is given back to the system. */
void trim_later(struct work *work);
void trim_init(struct work *work);

/* --- turn.c --- */
/* Something has changed: what can be started is started, what there is room for is taken, once, before the loop waits again. */
void work_turn_soon(struct work *work);
void work_turn_init(struct work *work);

/* --- hold.c --- */
void work_hold(struct work *work, enum work_hold reason);
void work_let_go(struct work *work, enum work_hold reason);
/* Before anything is begun: if the process stood still, nothing may be. */
void work_look_up(struct work *work);

/* --- stuck.c --- */
void stuck_begin(struct run *run); /* its timeout is over */
void stuck_end(struct run *run);
size_t stuck_on(const struct work_shared *shared, const struct scheduler *slots); /* how many of them cannot be ended */

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

/* --- why.c --- */
/* Appends why the partition does not move, in a sentence. */
void why_tell(const struct partition *partition, uint64_t now_us, struct buffer *out);

/* --- sections.c --- */
yyjson_mut_val *describe_partition(const struct partition *partition, yyjson_mut_doc *doc, uint64_t now_us);
/* What /debug/stats tells of partitions, lanes and slots. */
void sections_add(struct work_shared *shared, struct stats *stats);
void sections_remove(struct work_shared *shared);

/* --- tally.c --- */
struct tally *tally_of(struct work *work, int32_t number);
void tally_close(struct work *work);

/* --- run.c --- */
/* Begins an attempt at a ready job that was chosen and has a slot. */
void run_start(struct job *job, uint64_t now_us);
/* Asks for the end of what runs of a partition; nobody waits for it. */
void run_cancel_all(struct partition *partition);
void run_init(struct work *work);
void run_close(struct work *work);

/* --- job.c, too --- */
/* The record is done for good: its offset too, and its successor is ready. The job is gone. */
void job_done(struct job *job, uint64_t now_us);
/* The job ends undone: its partition is left, or about to be. It will be read again by whoever comes next. */
void job_forget(struct job *job);

/* --- dead_letter.c --- */
/* The running job cannot be worked: it becomes a dead letter, whose report ends it. It rests meanwhile. `attempt` was its last. */
void dead_letter_begin(struct job *job, unsigned attempt, const struct error *reason, uint64_t now_us);
void dead_letter_free(struct job *job);
bool dead_letter_is_sending(const struct job *job);
/* Why it was not taken; empty: it was not tried yet. */
const char *dead_letter_trouble(const struct job *job);

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

/* --- give_up.c --- */
void give_up_begin(struct work *work, void *const *partitions, size_t count);
/* Goes on if nothing of what is given up runs any more. */
void give_up_check(struct work *work);
/* Some of it was lost meanwhile. */
void give_up_lost(struct work *work);
void give_up_init(struct work *work);

/* --- commit.c --- */
void commit_start(struct work *work);
/* Instead of the commits of each interval: commits all that is done, then calls work_leave. */
void commit_last(struct work *work);
/* Takes over what the commit tells that a new partition begins at. */
void commit_restore(struct partition *partition, struct text metadata);
/* How many more records may be taken so that commits can tell all that is done above the watermark. 0: too much is done, or under way,
 * above the oldest record; nothing is taken until that ends. */
size_t commit_room(const struct partition *partition);
/* Commits the watermarks of what is given up, then calls give_up_committed. */
void commit_final(struct work *work);
void give_up_committed(struct work *work, int code);

/* --- work_end.c --- */
void drain_init(struct work *work);
/* Something under way has ended: a drain or a close may go on. */
void work_check_end(struct work *work);
/* All that is done is committed, or cannot be: the group is left. */
void work_leave(struct work *work);

/* --- work_stats.c --- */
void work_series_init(struct work *work);
void work_collect(struct work *work);
