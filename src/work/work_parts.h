/* work_parts: what the files of the flow share; nobody else includes it. Jobs and partitions have headers of their own.
 *
 *   work.c          opens; the group's events
 *   work_end.c      drains, commits for the last time, closes
 *   work_shared.c   what the works of all streams share
 *   job.c           a record as we hold it, and its end
 *   job_trace.c     its spans
 *   intake.c        takes records where there is room
 *   trim.c          gives memory back when it has become quiet
 *   turn.c          when: once a turn of the loop
 *   hold.c          why nothing is started meanwhile
 *   control.c       what is changed from outside: pauses, slots, simulated time
 *   tally.c         what has ended, a partition, over assignments
 *   run.c           attempts, and what their outcomes mean
 *   publication*.c  what a job leaves behind in another topic: its output, or a dead letter
 *   cut.c           exactly once: publications and offsets in one transaction
 *   refusal.c       while that is not taken: for whoever asks whether the work is ready
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
#include "core/retry.h"
#include "core/room.h"
#include "io/kafka/transactor.h"
#include "work/job.h"
#include "work/job_trace.h"
#include "work/partition.h"
#include "work/work.h"

/* Why a work starts nothing for now; it goes on when none is left. */
enum work_hold {
    HOLD_UNAVAILABLE = 1, /* what the jobs need is away */
    HOLD_ENDING = 2,      /* drained or closed: for good */
    HOLD_DOUBT = 4,       /* the process stood still: the partitions may be somebody else's by now */
    HOLD_PAUSED = 8,      /* from outside; nothing is taken either */
};

/* Publications of a kind that were not taken, and are sent again. */
struct refusal {
    size_t records;
    uint64_t since_us; /* while there are some: nothing was taken */
    struct error reason;
};

struct work_series {
    struct series *done, *dead, *attempts[4], *retries, *duration, *attempt_duration, *dead_stored, *dead_errors, *offsets_missing,
        *refused[2], *skipped, *bare;
    struct series *outputs, *output_errors, *transactions[3], *transaction_duration, *uncommitted;
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
    struct work_trace trace;

    struct scheduler own_slots; /* with `concurrency` */
    struct scheduler *slots;
    struct schedule_stream schedule;
    uv_idle_t turn; /* runs while there is something to start or to take */
    bool turn_is_due;

    struct list partitions; /* assigned */
    struct list giving_up;  /* wanted back by the group: what runs of them ends first */
    struct list leftovers;  /* gone, with something still under way */
    struct list hungry;     /* partitions, in the order of their turns */
    struct room queue, records, bytes;
    struct list idle_runs;
    struct list overdue;           /* runs past their timeout, the oldest first */
    size_t stuck;                  /* of them: cannot be ended */
    struct shelf jobs;             /* memory of jobs that have ended, for the next ones */
    size_t running;                /* attempts under way, of any partition ever */
    size_t sending;                /* publications under way, at least once */
    struct transactor *transactor; /* exactly once, else NULL */
    char *transactional_id;
    struct list cut; /* publications that no transaction has taken along yet, the oldest first (work/cut.h) */
    size_t cut_count, cut_bytes;
    struct round *round; /* a cut under way; NULL: none */
    uint64_t round_us;   /* since when */
    unsigned aborts;     /* of transactions in a row */
    uint64_t taken_us;   /* the turn in which records are taken */

    struct alarm alarm;
    struct due commit_due;
    struct due give_up_due; /* the end of patience with running jobs of partitions wanted back */
    struct due final_due;   /* the last commit of what is given up is tried again */
    struct due probe_due;   /* after UNAVAILABLE: when the next attempt may begin */
    struct due drain_due;
    struct due trim_due; /* a look whether it has become quiet */
    uint64_t taken_at_look, taken_at_trim;
    unsigned holds;             /* of enum work_hold */
    unsigned unavailable;       /* in a row; 0: all is well */
    struct error away;          /* what was unavailable last */
    struct error refused;       /* the last commit; code 0: it was taken */
    uint64_t refused_us;        /* since when */
    bool final_commit;          /* of what is given up, under way */
    bool final_waits;           /* for the transaction that is under way */
    struct refusal refusals[2]; /* at least once, by enum publication_kind */
    uint64_t final_until_us;
    uint64_t give_ups; /* so far: the answer to an earlier final commit is not for this one */

    bool stopped;  /* takes no more records */
    bool draining; /* starts nothing any more */
    void (*drained)(void *arg, size_t still_running);
    void *drained_arg;
    bool closing;
    bool leaving;         /* the group */
    uint64_t leave_by_us; /* then the last commits are not waited for any longer */
    uint64_t look_us;     /* when it is looked whether they may still be answered */
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

static inline bool work_is_exactly_once(const struct work *work)
{
    return work->transactor != NULL;
}

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

/* --- why.c --- */
/* Adds `why` the partition does not move, in a sentence. */
void why_describe(const struct partition *partition, yyjson_mut_doc *doc, yyjson_mut_val *value, uint64_t now_us);

/* --- sections.c --- */
/* A record's key as it is shown: at most so many bytes of it, null where there is none. */
#define KEY_SHOWN_BYTES 64
void describe_key(struct text key, yyjson_mut_doc *doc, yyjson_mut_val *value);
yyjson_mut_val *describe_partition(const struct partition *partition, yyjson_mut_doc *doc, uint64_t now_us);
/* What /debug/stats tells of partitions, lanes and slots. */
void sections_add(struct work_shared *shared, struct stats *stats);
void sections_remove(struct work_shared *shared);

/* --- give_up.c --- */
void give_up_begin(struct work *work, void *const *partitions, size_t count);
/* Goes on if nothing of what is given up runs any more. */
void give_up_check(struct work *work);
/* Some of it was lost meanwhile. */
void give_up_lost(struct work *work);
/* The answer to commit_final. */
void give_up_committed(struct work *work, int code);
void give_up_init(struct work *work);

/* --- commit.c --- */
void commit_start(struct work *work);
/* The next one need not wait for its interval. */
void commit_soon(struct work *work);
/* Instead of the commits of each interval: commits all that is done, then calls work_leave, so early that the group can be left until
 * `deadline_us`. */
void commit_last(struct work *work, uint64_t deadline_us);
/* Takes over what the commit tells that a new partition begins at. */
void commit_restore(struct partition *partition, const struct consumer_beginning *beginning);
/* How many more records may be taken so that commits can tell all that is done above the watermark. 0: too much is done, or under way,
 * above the oldest record; nothing is taken until that ends. */
size_t commit_room(const struct partition *partition);
/* Commits the watermarks of what is given up, then calls give_up_committed, inside this call where there is nothing to commit. */
void commit_final(struct work *work);

/* --- work_end.c --- */
void drain_init(struct work *work);
/* Something under way has ended: a drain or a close may go on. */
void work_check_end(struct work *work);
/* All that is done is committed, or cannot be: the group is left. */
void work_leave(struct work *work);

/* --- work_stats.c --- */
void work_series_init(struct work *work);
void work_collect(struct work *work);
