/* consumer_parts: what the files of the consumer share; nobody else includes it.
 *
 *   consumer.c             opens, turns events into calls
 *   consumer_conf.c        the handle's properties
 *   consumer_handle.c      the handle: opened, ended
 *   consumer_rebuild.c     a new handle for one that cannot go on
 *   consumer_return.c      leaves the group and joins it again
 *   consumer_leave.c       leaves the group for good, and closes
 *   consumer_assignment.c  assigned, revoked, lost: the state machine
 *   consumer_doubt.c       whether we are still a member, after standing still
 *   consumer_lookup*.c     ask the brokers where to begin (consumer_lookup.h)
 *   consumer_place.c       a position that is not in the log
 *   consumer_take.c        a partition's queue
 *   consumer_commit.c      commits
 *   consumer_membership.c  what the group knows us by, for commits within a transaction */
#pragma once

#include "base/list.h"
#include "base/loop.h"
#include "base/random.h"
#include "io/kafka/client.h"
#include "io/kafka/client_statistics.h"
#include "io/kafka/consumer.h"

#include <stdatomic.h>

/* Well within max.poll.interval.ms, and often enough to see a lost assignment. */
#define CONSUMER_TICK_MS 1000

enum consumer_state { CONSUMER_JOINING, CONSUMER_ASKING, CONSUMER_WORKING, CONSUMER_GIVING_UP, CONSUMER_BROKEN, CONSUMER_LEFT };

struct consumer {
    struct consumer_options options;
    bool cooperative; /* the assignor's protocol: partitions come and go one by one, not all at once */
    enum consumer_state state;
    uint64_t settled_us; /* when it was last seen working; 0: never yet */
    bool leaving;
    bool group_closed;         /* while leaving: librdkafka was told to leave; what it may be asked then: consumer_leave.c */
    bool answered;             /* after that */
    bool old_group;            /* it has worked a topic of this name before, which was deleted */
    bool returning;            /* to the group that it is about to leave */
    uint64_t returning_us;     /* since when */
    rd_kafka_t *handle;        /* NULL: ended, after a fatal error */
    rd_kafka_queue_t *control; /* rebalances, errors, commits, answers; NULL from the beginning of the handle's end */
    unsigned held;             /* questions under way that need the handle on a worker thread */
    bool ending_due;           /* its end waits for them */
    uv_work_t ending;          /* the handle's end, on a worker thread */
    void (*handle_ended)(struct consumer *consumer);
    struct wakeup wakeup;
    atomic_bool awake; /* set by librdkafka's threads: the loop was woken and has not looked yet */
    uv_timer_t tick;
    struct client_way_back way_back;
    bool unconnected;                           /* when somebody was to be asked last, nobody was connected */
    struct list partitions;                     /* of consumer_partition: assigned */
    char *member;                               /* as whom the group gave us the first of them */
    bool replaced;                              /* it has given us another name since */
    struct list lookups;                        /* under way */
    struct topic_id topic;                      /* as it was told last; all 0 before */
    int32_t leader;                             /* of a partition of the topic, then */
    uint64_t checked_us;                        /* when it was last asked whether the topic is still the same */
    bool has_leader, asks_leader;               /* the controller did not tell about the topic: the leader is asked; in turns */
    struct list commits;                        /* under way */
    rd_kafka_topic_partition_list_t *giving_up; /* wanted back by the group */
    struct consumer_header *headers;            /* of the record at hand */
    size_t headers_capacity;
    rd_kafka_resp_err_t trouble; /* the last error that keeps us from joining; 0 once we have joined */
    bool broken;                 /* a fatal error was told: the handle is of no more use */
    uint64_t looked_us;          /* at the clock, the last time */
    uint64_t asking_us;          /* since when it is asked where to begin, by the same clock */
    bool in_doubt;               /* whether the partitions are still ours */
    size_t stale_answers;        /* of commits from before the doubt, which come first */
    unsigned failures;           /* fatal errors in a row */
    uint64_t rejoin_us;          /* when a new handle may join */
    struct random random;
    struct client_statistics *statistics;
    uint64_t farewell_us; /* while leaving: until when the coordinator's answer is waited for */
    bool ends_joining;    /* while leaving: what was wished for before is answered first */
    uint64_t named_by_us;
    uint64_t join_by_us;
    struct gate gate;
    void (*closed)(void *arg);
    void *closed_arg;
};

struct consumer_partition {
    struct list link;
    struct consumer *consumer;
    int32_t number;
    void *object; /* the owner's */
    rd_kafka_queue_t *queue;
    atomic_bool signalled; /* by librdkafka's threads: the queue was empty and is not */
    int64_t next;          /* to be taken */
    int64_t passed_before; /* where librdkafka stood when it was placed anew, and says to stand until its fetcher has stopped; else -1 */
    bool given_back;       /* revoked: nothing is taken any more */
    struct topic_id topic; /* as the broker told when it was assigned, or read anew */
    int64_t stable;        /* its last stable offset, asked for while it stands before its end; else -1 */
    bool misplaced;        /* its position is not in the log: a lookup of a new one is due or under way */
    bool moving;           /* that lookup has told `next`, from where it is read with the next tick */
};

/* --- consumer.c --- */
void consumer_tick_each(struct consumer *consumer, uint64_t ms);

/* --- consumer_leave.c --- */
/* While leaving, when events have been served: the next step. */
void leave_go_on(struct consumer *consumer);
/* While leaving partitions were assigned: they are declined. */
void leave_assigned(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions);

/* --- consumer_conf.c --- */
rd_kafka_conf_t *consumer_conf(const struct consumer_options *options, struct error *err);
/* More partitions than the prefetch was divided among: told, and remembered for the next handle. */
void consumer_divide_anew(struct consumer *consumer);

/* --- consumer_handle.c --- */
/* Returns 0 or a code: a property that librdkafka does not take. */
int handle_open(struct consumer *consumer, struct error *err);
void handle_join(struct consumer *consumer);
void handle_subscribe(struct consumer *consumer);
/* Whether the coordinator knows us. Asks the group's thread: not once the group was closed. */
bool handle_has_name(const struct consumer *consumer);
/* A worker thread uses the handle, whose end waits; it does not any more. */
void handle_hold(struct consumer *consumer);
void handle_release(struct consumer *consumer);
/* Ends the handle without leaving the group; nothing of it may be held any more. `ended` is called later, once. */
void handle_end(struct consumer *consumer, void (*ended)(struct consumer *consumer));

/* --- consumer_rebuild.c --- */
/* After a fatal error: all is lost, the handle is ended, and a new one joins after a pause. Not inside an event. */
void consumer_rebuild(struct consumer *consumer);
/* The same where nothing is wrong with the handle: the next one joins at once, and nothing is counted. */
void consumer_replace(struct consumer *consumer);
/* Each tick while BROKEN: joins when the pause is over. */
void consumer_rejoin(struct consumer *consumer, uint64_t now_us);

/* --- consumer_return.c --- */
/* Gives everything back, leaves the group and joins it again. While WORKING. */
void consumer_return(struct consumer *consumer);
/* The same, where the topic is another one: all is lost, nothing of it is committed. */
void consumer_start_over(struct consumer *consumer);
/* Each tick: joins again once the group is left. */
void consumer_return_due(struct consumer *consumer);

/* --- consumer_doubt.c --- */
/* Where to begin is asked from now on; has been answered. */
void doubt_asking(struct consumer *consumer);
void doubt_after_asking(struct consumer *consumer);
/* Each tick: asks again. */
void doubt_again(struct consumer *consumer);
/* Before the commit's owner hears of its answer. */
void doubt_on_commit(struct consumer *consumer, rd_kafka_event_t *event);
/* There is nothing left to be in doubt about. */
void doubt_end(struct consumer *consumer);

/* --- consumer_assignment.c --- */
void consumer_on_rebalance(struct consumer *consumer, rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t *partitions);
/* The brokers have told where the partitions of the list begin, and the ends of some of their logs. `ends` may be NULL. */
void consumer_assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions,
                     const rd_kafka_topic_partition_list_t *ends);
/* Each tick: reads partitions that are `moving` from another offset; their fetchers are taken away and set up again. */
void consumer_move_due(struct consumer *consumer);
/* If the assignment was lost while the owner gives it up, it need not go on. */
void consumer_check_lost(struct consumer *consumer);
/* While leaving nothing is assigned any more: answers librdkafka, if it waits for it. */
void consumer_decline(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions);
/* All that is assigned is given up, as if the group wanted it back. */
void consumer_give_up_all(struct consumer *consumer);
/* The end: what is still assigned is lost. */
void consumer_forget_partitions(struct consumer *consumer);

/* --- consumer_lookup.c --- */
/* Asks until it is answered where assigned partitions begin, then calls consumer_assign; where one whose position is not in the log
 * is read on, then calls consumer_place_anew. */
void lookup_commits(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions);
void lookup_reset(struct consumer_partition *partition);
void lookup_on_answer(struct consumer *consumer, rd_kafka_event_t *event);
/* Each tick: asks now and then whether the topic is still the same, and whether transactions hold partitions that stand. */
void lookup_check(struct consumer *consumer);
/* Asks again what was not answered; called each tick. */
void lookup_again(struct consumer *consumer);
/* Ends all; answers that still come find nobody. If an assignment waited for one, it is declined. */
void lookup_end_all(struct consumer *consumer);

/* --- consumer_place.c --- */
/* The brokers have told where to read on. */
void consumer_place_anew(struct consumer_partition *partition, int64_t to);

/* --- consumer_take.c --- */
struct consumer_partition *partition_open(struct consumer *consumer, int32_t number, int64_t start);
void partition_close(struct consumer_partition *partition);
/* What librdkafka handed over or left out: it also counts marks of transactions, which never reach us. Below 0: nothing yet. */
int64_t partition_passed(const struct consumer_partition *partition);
/* Its queue has something, or may have: the loop looks. Any thread. */
void partition_signal(struct consumer_partition *partition);
struct consumer_partition *consumer_find(const struct consumer *consumer, int32_t number);

/* --- consumer_commit.c --- */
/* For librdkafka, which copies or takes it; and what its refusal means to the owner: a code as of consumer_commit_cb. */
rd_kafka_topic_partition_list_t *commit_list(const struct consumer *consumer, const struct consumer_commit *commits, size_t count);
int commit_meaning(rd_kafka_resp_err_t code);
void commit_on_answer(struct consumer *consumer, rd_kafka_event_t *event);
void commit_end_all(struct consumer *consumer);

/* --- consumer_membership.c --- */
/* Before partitions are added. */
void membership_note(struct consumer *consumer);
/* Each tick: if we have joined anew without hearing of a loss, all that was ours before is lost. */
void membership_check(struct consumer *consumer);
/* Our name and generation in the group, to be destroyed by the caller. Whatever is ours at this moment is ours by it: what was lost before
 * cannot be committed with it. NULL with E_UNAVAILABLE: we are no member, or another one. */
rd_kafka_consumer_group_metadata_t *consumer_membership(struct consumer *consumer, struct error *err);
