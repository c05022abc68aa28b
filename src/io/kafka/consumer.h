/* consumer: one member of a consumer group on one topic, in the words of the loop.
 *
 *   assigned    a partition is ours: its commit was asked for, it is read from a concrete offset, through a queue of its own
 *   ready       its queue has something; it is taken only when the owner asks (consumer_take): not asking is the backpressure
 *   revoked     the group wants partitions back: the owner ends what runs, commits, and says consumer_given_up
 *   lost        they are somebody else's already: nothing is waited for, nothing committed
 *
 *   JOINING --assigned--> ASKING --offsets--> WORKING --revoked--> GIVING_UP --consumer_given_up--> JOINING or WORKING
 *                            \ no coordinator: asked again             |
 *                                                            lost: at once, without waiting
 *   any --fatal error--> BROKEN: all is lost, the handle is ended; a new one joins after a pause --> JOINING
 *
 * A topic that was deleted and made anew under its name is noticed within some seconds: all is lost, and the group is left and joined
 * again (consumer_return.c).
 *
 * A fatal error is librdkafka's word for a member that cannot go on: most of all one of a static name (`instance`) that another process
 * has taken over. A client whose questions nobody answers is broken, too (consumer_lookup.c). The pauses grow (consumer_rebuild.c), so
 * that two rivals do not throw one another out without end.
 *
 * A process that stood still for half a session may have lost its partitions without knowing: it is IN DOUBT, whatever its state, until
 * a commit has been acknowledged or the partitions are lost (consumer_doubt.c). Nothing may be begun meanwhile.
 *
 * Positions are the owner's matter: nothing is stored or committed by itself. Loop thread only; librdkafka's threads only set a
 * flag and wake the loop. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "core/commit_metadata.h"
#include "io/kafka/client_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct consumer;           /* opaque */
struct consumer_partition; /* opaque: one assignment of one partition; a later assignment of the same one is another object */

enum consumer_start { CONSUMER_EARLIEST, CONSUMER_LATEST };

/* Who divides the partitions: a member of the group, or the broker (KIP-848; Kafka 4.0 and later). */
enum consumer_protocol { CONSUMER_PROTOCOL_CLASSIC, CONSUMER_PROTOCOL_CONSUMER };

struct consumer_header {
    struct text name;
    struct text value; /* data NULL: a null header */
};

/* A record as it lies in librdkafka's fetch buffer: borrowed during on_record only. Copy what waits: a held one would pin its
 * whole fetch buffer. */
struct consumer_record {
    int64_t offset;
    int64_t timestamp_ms; /* since 1970; -1 when the topic has none */
    struct text key;
    struct text value;
    const struct consumer_header *headers; /* none where consumer_options.headers is false */
    size_t header_count;
};

/* Where a partition begins. */
struct consumer_beginning {
    int64_t offset;       /* its commit; without one where `start` says, or the log's beginning if the group has others of the topic */
    struct text metadata; /* what the commit carried: borrowed for the call */
    int64_t end;          /* of its log; -1 unless the metadata tells what is done above the offset */
};

/* What the owner is told. All on the loop, and none inside a call of consumer_* but on_doubt, by consumer_look_up, and on_lost, by
 * consumer_read_anew. */
struct consumer_events {
    /* A partition is ours. Returns the owner's object for it, which later events bring. */
    void *(*on_assigned)(void *owner, struct consumer_partition *partition, int32_t number, const struct consumer_beginning *beginning);
    /* Its queue has something, or had: take what there is room for. */
    void (*on_ready)(void *owner, void *partition);
    /* These are wanted back. End with consumer_given_up, at once or later; consumer_take gives nothing from now on. */
    void (*on_revoked)(void *owner, void *const *partitions, size_t count);
    /* These are gone already. The objects are forgotten when this returns. */
    void (*on_lost)(void *owner, void *const *partitions, size_t count);
    /* Offsets from..to-1 are not there any more (retention); reading goes on at `to`. A log that ends before `from`, and a topic that was
     * made anew, come as on_lost and on_assigned instead. */
    void (*on_offsets_missing)(void *owner, void *partition, int64_t from, int64_t to);
    /* A fatal error: what is assigned is told to on_lost next, and a new member joins later. */
    void (*on_broken)(void *owner);
    /* In doubt, and each second while it lasts: begin nothing, and commit something, be it what is committed already: the answer
     * tells. on_sure: the doubt is over; what is still assigned is ours. */
    void (*on_doubt)(void *owner);
    void (*on_sure)(void *owner);
};

struct consumer_options {
    uv_loop_t *loop;
    struct client_target target;
    const char *name;  /* for the log: the stream's name; borrowed */
    const char *topic; /* borrowed, like the texts below */
    const char *group;
    const char *instance; /* group.instance.id, or NULL: a new member each time */
    enum consumer_protocol protocol;
    const char *assignor; /* "cooperative-sticky", "range", "roundrobin"; of the broker: "uniform", "range", or NULL for its default */
    enum consumer_start start;
    uint64_t session_us; /* both are the broker's matter under the protocol `consumer`, and ignored */
    uint64_t heartbeat_us;
    uint64_t max_poll_us;                 /* the broker's patience with a rebalance of ours: the owner's drain must be shorter */
    uint64_t prefetch_bytes;              /* held by librdkafka for all partitions together; divided by `partitions` */
    bool headers;                         /* records come with their headers; to parse them costs librdkafka more than all else */
    uint32_t partitions;                  /* how many may be assigned at most, for that division; 0: 20 */
    const struct config_list *properties; /* of struct config_pair; may be NULL */
    struct statistics *statistics;        /* may be NULL */
    const struct consumer_events *events;
    void *owner;
};

/* What consumer_open would say of these options, told without a broker: `target.nowhere`. Needs neither loop nor events. */
int consumer_check(const struct consumer_options *options, struct error *err);

/* Opens the handle and joins the group. NULL with a sentence: a property that librdkafka does not take. Needs no broker. */
struct consumer *consumer_open(const struct consumer_options *options, struct error *err);

typedef void (*consumer_record_cb)(void *partition, const struct consumer_record *record);

/* Takes at most `max` records from the partition's queue, calling `on_record` for each, and returns how many came. Fewer than `max`
 * means that the queue is empty: on_ready will be called when that changes. Otherwise ask again when there is room. */
size_t consumer_take(struct consumer_partition *partition, size_t max, consumer_record_cb on_record);

struct consumer_commit {
    struct consumer_partition *partition;
    int64_t offset;       /* the next one to be read */
    struct text metadata; /* UTF-8; may be absent */
};

/* `codes[i]` is what became of commits[i]: 0, or E_UNAVAILABLE: try again; E_CANCELED: overtaken by a rebalance, or by the end of the
 * consumer; E_TOO_LARGE: its metadata is more than the broker takes. `sentence` is about the first that is not 0. */
typedef void (*consumer_commit_cb)(void *arg, const int *codes, const char *sentence);

/* Commits these offsets, copied; `done` is called once, later. Several may be under way; the broker takes them in order.
 * Returns E_UNAVAILABLE, and never calls `done`, when there is no group to commit to. */
int consumer_commit(struct consumer *consumer, const struct consumer_commit *commits, size_t count, consumer_commit_cb done, void *arg,
                    struct error *err);

/* The same by a transaction (io/kafka/transactor.h), which was begun while we were in doubt: the group has taken its offsets, so we are
 * a member. */
void consumer_vouch(struct consumer *consumer);

/* It cannot be known what the group has committed: all is lost (on_lost, inside this call), the group is joined anew, and what it has
 * committed is asked for. Does nothing while leaving. `why` is for the log. */
void consumer_read_anew(struct consumer *consumer, const char *why);

/* The partitions of the last on_revoked are finished with: they are given back now, their objects forgotten. */
void consumer_given_up(struct consumer *consumer);

struct consumer_position {
    int64_t next;      /* to be taken next */
    int64_t end;       /* the partition's end as last heard from the broker; -1 before */
    size_t prefetched; /* records in its queue */
    bool undecided;    /* an open transaction holds what follows `next`, as the broker told some seconds ago */
};

void consumer_position(const struct consumer_partition *partition, struct consumer_position *position);
/* Of the topic that it was assigned in, for its commits' metadata. */
const struct topic_id *consumer_topic_id(const struct consumer_partition *partition);

/* Looks whether the process stood still, which may call on_doubt. Whoever is about to begin something calls this first. */
void consumer_look_up(struct consumer *consumer);

/* True while we are a member of the group with our partitions known, and during a rebalance that takes no longer than a session;
 * else the reason in `err`. */
bool consumer_ready(const struct consumer *consumer, struct error *err);
const char *consumer_state(const struct consumer *consumer); /* "joining", "asking for commits", "working", "giving up", "waiting to join
                                                                anew", "in doubt after standing still", "leaving", "left" */

/* True while some broker is connected: what was asked may be answered. */
bool consumer_is_connected(const struct consumer *consumer);

/* How long it takes to leave the group at most, when the coordinator is slow to answer. */
#define CONSUMER_CLOSE_US (4 * UINT64_C(1000000))

/* Leaves the group: on_revoked is called a last time for what is still assigned, then the handle is ended on a worker thread.
 * Who is just joining ends that first, so that it can say farewell, but begins to leave by `until_us`. `closed` is called once, later; the
 * consumer is gone then. */
void consumer_close(struct consumer *consumer, uint64_t until_us, void (*closed)(void *arg), void *arg);
