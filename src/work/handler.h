/* handler: what working a record means. A kind is one `struct handler` in a file of its own, and a line in
 * handler_list.h, which tells what else belongs to it.
 *
 *   open --> start --> (PENDING ... attempt_end) or an outcome at once --> ... --> close
 *               \__ cancel: the attempt has taken longer than its timeout, or nobody waits for it any more
 *
 * Outcomes:  DONE         worked for good
 *            FAILED       counts an attempt; tried again after its backoff, at last a dead letter
 *            REJECTED     can never succeed: a dead letter at once
 *            UNAVAILABLE  what it needs is away: counts no attempt, is never a dead letter; the stream backs off
 * Loop thread only, but for what a kind runs in the pool. */
#pragma once

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "config/config.h"
#include "io/kafka/consumer.h"
#include "io/pool/pool.h"
#include "work/work_config.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_REJECTED, OUTCOME_UNAVAILABLE, OUTCOME_PENDING };

/* "done", "failed", "rejected", "unavailable", "pending". */
const char *outcome_name(enum outcome outcome);

/* One try at one record. Lives from start to attempt_end, or through start when that returns an outcome. */
struct attempt {
    /* Why it did not succeed; filled in by the handler where the outcome is not DONE. */
    struct error reason;
    const char *topic;
    int64_t offset;
    int64_t timestamp_ms;
    struct text key;
    struct text value;
    const struct consumer_header *headers;
    size_t header_count;
    int32_t partition;
    unsigned number; /* from 1; an unavailable one is not counted */
    /* When it read the record's value (clock_us): filled in by handlers that wish it to be seen in traces; 0: nothing to be seen. */
    uint64_t read_from_us, read_until_us;
    uint64_t started_us; /* clock_us, as taken at the beginning of a few starts */
    void *own;           /* the handler's: `own_bytes` of memory, not initialized, that the attempt has while it lives */
};

/* Ends a PENDING attempt, once, at clock_us `now_us`. Not inside start. The attempt is gone when this returns. */
void attempt_end(struct attempt *attempt, enum outcome outcome, uint64_t now_us);

/* These will end next: their memory is fetched side by side, where one after the other waits for its own. A handler of which thousands
 * end at once may say so. */
void attempts_end_soon(struct attempt *const *attempts, size_t count);

struct handler_context {
    uv_loop_t *loop;
    struct pool *pool;
    struct random *random;
    const char *stream;
    bool traced; /* it is worth while to fill in what traces tell */
};

struct handler {
    const char *name; /* its key in the configuration */
    const char *span; /* what its attempts are called in traces */
    bool headers;     /* it looks at the records' headers; otherwise they may be absent */
    size_t own_bytes; /* of an attempt */
    /* What open would refuse, told without doing anything; NULL: nothing. */
    int (*check)(const struct handler_config *config, struct error *err);
    /* Makes the handler's state. Returns 0 or a code with a sentence. The context is borrowed until closed. */
    int (*open)(void **state, const struct handler_context *context, const struct handler_config *config, struct error *err);
    /* Begins an attempt. PENDING: attempt_end will be called once, later. Anything else: it has ended, attempt_end is not called. */
    enum outcome (*start)(void *state, struct attempt *attempt);
    /* Asks for an early end of a pending attempt: attempt_end still comes, later, with any outcome. Returns false if the attempt
     * cannot be ended (it burns a processor): it comes when it comes. */
    bool (*cancel)(void *state, struct attempt *attempt);
    /* Of kinds whose work only pretends to take time, else NULL: how long each attempt takes that starts from now on, and whether (and
     * to what) that is set; false while each record has a time of its own. */
    void (*set_time)(void *state, uint64_t time_us);
    bool (*time)(const void *state, uint64_t *time_us);
    /* Called when no attempt is pending. `closed` is called once; inside this call where nothing has to be waited for. */
    void (*close)(void *state, void (*closed)(void *arg), void *arg);
};

#define HANDLER(name, doc) extern const struct handler name##_handler;
#include "work/handler_list.h"
#undef HANDLER

/* The kind that the configuration chose. */
const struct handler *handler_of(const struct handler_config *config);
