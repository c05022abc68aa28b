/* transactor: records, and how far a group has read, that become visible together or not at all (KIP-98, KIP-447).
 *
 *   transactional id   what the brokers know a transactor by: who opens one fences the one before, and what that one left open is aborted
 *   transaction        one call: its records are sent, the group's offsets go along, all is committed
 *   membership         of the consumer in its group: the coordinator refuses the offsets of a member that it has dismissed
 *
 *   OPENING --the id is ours--> READY --transactor_run--> RUNNING --committed or aborted--> READY
 *      ^                                                     |
 *      +----------- a new handle, after a pause -------------+ unknown: fenced, or nobody answers
 *
 * librdkafka's calls wait for brokers, so each transactor has a thread of its own that makes them, one transaction after the other. Only
 * consumers that read committed records (isolation.level=read_committed) see the promise kept. Loop thread only, but for that thread.
 * Not with the embedded cluster, which does not isolate transactions. */
#pragma once

#include "base/error.h"
#include "io/kafka/client_target.h"
#include "io/kafka/consumer.h"
#include "io/kafka/producer.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct transactor; /* opaque */

struct transactor_options {
    uv_loop_t *loop;
    struct client_target target;
    const char *name;                     /* for the log: the stream's name; borrowed, like the texts below */
    const char *id;                       /* the transactional id */
    const struct producer_config *config; /* batches, compression, properties; it acknowledges and is idempotent whatever this says */
    uint64_t timeout_us;                  /* how long a transaction may take; then the brokers abort it (transaction.timeout.ms) */
};

/* Opens the handle and begins to claim the id. NULL with a sentence: a property that librdkafka does not take. Needs no broker. */
struct transactor *transactor_open(const struct transactor_options *options, struct error *err);

/* Would transactor_open refuse these, whatever the brokers say? Returns 0 or a code with its sentence. No loop is needed. */
int transactor_check(const struct transactor_options *options, struct error *err);

/* One record of a transaction. All texts are borrowed until its end. */
struct transaction_record {
    const char *topic;
    struct producer_record record;
    uint64_t batch_max;       /* the largest batch that the topic takes, in bytes: its records are sent in smaller ones; 0: not known */
    struct delivery delivery; /* what became of it: filled in before the end; its status alone does not say that it is committed */
};

enum transaction_end {
    TRANSACTION_COMMITTED, /* all of it is in the log, and the offsets are the group's */
    TRANSACTION_ABORTED,   /* nothing is visible to who reads committed records, and the group stands where it stood */
    TRANSACTION_UNKNOWN,   /* one of both: the group's committed offsets tell which, once they are asked for anew */
};

struct transaction_result {
    enum transaction_end end;
    int code;             /* 0 when committed; else as of consumer_commit_cb */
    const char *sentence; /* why; borrowed for the call */
};

typedef void (*transaction_cb)(void *arg, const struct transaction_result *result);

/* Runs a transaction: these records, and these offsets of the consumer's group, copied. `done` is called once, later: within the timeout
 * and some seconds. Several at once are a fault of the caller. Returns E_UNAVAILABLE, and never calls `done`, while the consumer is no
 * member of its group. The records are borrowed until `done`. */
int transactor_run(struct transactor *transactor, struct transaction_record *records, size_t count, struct consumer *consumer,
                   const struct consumer_commit *commits, size_t commit_count, transaction_cb done, void *arg, struct error *err);

/* True once the id is claimed; else the reason in `err`. */
bool transactor_ready(const struct transactor *transactor, struct error *err);

/* Ends the thread and the handle; a transaction that runs is given up, and ends before. `closed` is called once, later; the transactor is
 * gone then. */
void transactor_close(struct transactor *transactor, void (*closed)(void *arg), void *arg);
