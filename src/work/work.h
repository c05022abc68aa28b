/* work: the way out of a stream: from its partitions, through lanes and slots, to done, dead or tried again; then committed.
 *
 *   job        a record taken from its partition, with its attempts
 *   lane       jobs that must be worked one after the other (core/lanes)
 *   slot       the right to run one job (core/scheduler); the pool's, or the stream's own with `concurrency`
 *   watermark  what is committed of a partition: the lowest offset that is not done (core/offsets)
 *   room       what a partition may take: shares of `queue` and `window` (core/room); without room it is not polled
 *   drain      to let running jobs end: before partitions are given back, and at shutdown
 *   cut        exactly once: what goes along with the next commit, in one transaction
 *
 *   taken -> waiting -> ready -> running -> done -> (output) ------------report-> offset done -> committed
 *                         ^        | failed: rests, its slot given back            ^
 *                         +--------+ last failure, rejected -> dead letter --report+
 *
 * Exactly once there is no report to wait for: output, dead letter and offset are committed as one.
 *
 * Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/stats.h"
#include "core/scheduler.h"
#include "io/kafka/client_target.h"
#include "io/kafka/embedded.h"
#include "io/kafka/producer.h"
#include "io/kafka/topics.h"
#include "io/pool/pool.h"
#include "trace/tracer.h"
#include "work/work_config.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include <yyjson.h>

struct work; /* opaque: of one stream */

/* What the works of all streams share: the pool's slots and the sections of /debug/stats. Embedded by whoever wires them. */
struct work_shared {
    uv_loop_t *loop;
    struct pool *pool;
    struct scheduler slots; /* pool.workers; its limit may be changed with work_shared_set_slots */
    size_t slots_max;       /* up to which it may be raised; 0: not at all */
    struct list works;
    struct metrics *metrics;
    struct statistics *statistics; /* of the clients of its works; NULL: none */
    struct stats_section partitions, lanes, slots_section;
};

/* `pool` is borrowed. Close it after the last work. */
void work_shared_init(struct work_shared *shared, uv_loop_t *loop, struct pool *pool, size_t slots, struct metrics *metrics,
                      struct stats *stats);
void work_shared_set_slots(struct work_shared *shared, size_t slots);
void work_shared_close(struct work_shared *shared);

/* False when some jobs can only be helped by a restart: every slot of the pool, or of a stream with its own, is held by attempts that
 * run longer than their timeout and cannot be ended. `err` names the oldest. It recovers when one ends. */
bool work_shared_alive(const struct work_shared *shared, struct error *err);

/* {"attempts":[those past their timeout],"partitions":[those that have records and have not moved for longer, and why]}. */
yyjson_mut_val *work_shared_stuck(const struct work_shared *shared, uint64_t longer_than_us, yyjson_mut_doc *doc);

/* What is known of one partition, `why` it does not move among it. `stream` may be absent where one stream only is worked. NULL with
 * E_NOT_FOUND (no such stream, or no such partition in its topic) or E_INVALID (which stream?). */
yyjson_mut_val *work_shared_why(const struct work_shared *shared, struct text stream, int32_t partition, yyjson_mut_doc *doc,
                                struct error *err);

struct work_options {
    struct work_shared *shared;
    const char *stream; /* its name; borrowed, like all that follows */
    const char *topic;
    const struct topic *log; /* the topic, for the number of its partitions; NULL: not known */
    uint32_t partitions;     /* as configured, for the division of the prefetch budget; 0: not known */
    const struct work_config *config;
    struct client_target target;
    struct tracer *tracer;
    struct producer_topic *dead;            /* takes the dead letters; NULL exactly when config->dead has no name */
    struct producer_topic *output;          /* takes what is done; NULL exactly when config->output has no name */
    bool output_is_worked;                  /* by a stream of this process' configuration */
    const struct producer_config *producer; /* for transactions, with `guarantee: exactly_once` */
};

/* What work_start would say of these options, told without a broker: `target.nowhere`. Needs stream, topic, config and target, and
 * the producer where transactions are wanted. */
int work_check(const struct work_options *options, struct error *err);

/* Joins the group and begins to work. NULL with a sentence. Needs no broker yet. */
struct work *work_start(const struct work_options *options, struct error *err);

/* Another `queue`, another `concurrency`, from now on; what waits or runs beyond it stays until it ends. A stream goes on with the slots
 * that it has used since its start, the pool's or its own: a count of its own is for those that began with one. */
void work_set_queue(struct work *work, size_t queue);
void work_set_own_slots(struct work *work, size_t concurrency);

/* True while the group has us and nothing is wrong; else a reason. */
bool work_ready(const struct work *work, struct error *err);

/* False while the output or the dead letter topic has not taken anything for some seconds that it was given, or no transaction could be
 * committed: then records hold their lanes, for good if nobody does something about it. `err` says why. */
bool work_publishes(const struct work *work, struct error *err);

/* Shutdown, in this order. stop_fetching: takes no more records. drain: drops what has not begun, lets running jobs (and their dead
 * letters, not their retries) end until `deadline_us` (clock_us); `drained` is called once, later, with the number that still runs.
 * close: commits, leaves the group, ends the handler; `closed` is called once, later, and the work is gone then. While the group is
 * being divided no commit is taken: that is waited for, but so that the group can be left until `deadline_us`. It waits for jobs on
 * worker threads, too, which cannot be cancelled: whoever cannot wait leaves the process instead (work_stuck names them). */
void work_stop_fetching(struct work *work);
void work_drain(struct work *work, uint64_t deadline_us, void (*drained)(void *arg, size_t still_running), void *arg);
void work_close(struct work *work, uint64_t deadline_us, void (*closed)(void *arg), void *arg);

/* Live control. A pause takes no more records and starts nothing; what runs ends, and the group keeps us. It holds for partitions that
 * are assigned later, too. Both do nothing when it is so already. */
void work_pause(struct work *work);
void work_resume(struct work *work);
bool work_paused(const struct work *work);

struct work_setting {
    bool has_concurrency, has_time, has_paused; /* what is to be set, or could be told */
    size_t concurrency;                         /* slots: those of the pool, which other streams share, or the stream's own */
    uint64_t time_us;                           /* that a job pretends to take: kinds with a simulated time only */
    bool paused;
};

/* Sets what it `has`, all or, with E_INVALID and what is allowed, nothing. Running jobs are not touched: fewer slots are reached as
 * they end. Slots: 1 to slots_max. */
int work_set(struct work *work, const struct work_setting *setting, struct error *err);
void work_get(const struct work *work, struct work_setting *setting);

struct work_counts {
    uint64_t taken;    /* records from the broker */
    uint64_t done;     /* worked for good, dead letters not included */
    uint64_t dead;     /* acknowledged by the dead letter topic */
    uint64_t attempts; /* ended attempts, by whatever outcome */
    uint64_t retries;
    size_t waiting, running, resting;
    size_t partitions;
    uint64_t ended_us; /* clock_us when the last record was done; 0: none yet */
};
void work_counts(const struct work *work, struct work_counts *counts);

struct work_identity {
    const char *stream, *topic, *group;
    const char *member; /* `instance`, or a name for this process: host and process id */
    const char *state;  /* in the group: consumer_state, or "left" */
};
void work_identity(const struct work *work, struct work_identity *identity);

/* [0,3,7]: assigned; and [{"partition":0,"count":17},...]: done by this process, of each partition that it has or had. */
yyjson_mut_val *work_partition_numbers(const struct work *work, yyjson_mut_doc *doc);
yyjson_mut_val *work_partition_counts(const struct work *work, yyjson_mut_doc *doc);

/* What the action work.stats answers: counts, group, topic, state, partitions. */
yyjson_mut_val *work_stats(const struct work *work, yyjson_mut_doc *doc);
