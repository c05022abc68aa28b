/* lease: tokens taken from a bucket that several processes share, in one call, and spent here.
 *
 *   shared bucket  the one all processes draw from (in Redis); it alone decides how many tokens there are
 *   mirror         what the shared bucket holds at most, as of its last answer: it refills here, others may draw from it there
 *   size           how many tokens are fetched in advance: clamp(rate x 20 ms, 1, burst / 8)
 *   ask            a call to the shared bucket that is under way; one at a time
 *   rest           tokens that nobody spent within 100 ms of the last answer: they go back
 *
 *     take --> tokens here -------------------------------> ADMITTED   (below half a lease: fetch the next one ahead)
 *          --> an ask is under way -----------------------> WAIT       for its answer, first come first served
 *          --> the mirror says there cannot be enough ----> LIMITED    and when there can be
 *          --> else --------------------------------------> ASK        and wait
 *
 * Bound: in any time t all processes together admit at most burst + rate x t + the leases they held when it began. Each holds
 * at most one lease (`size`) beyond what its waiting requests asked for. With a single call a lease saves calls: at 100,000/s
 * some 100 calls a second. What passes the shared bucket unused stays in it, so a lease that comes late loses nothing.
 *
 * Where nothing is shared the mirror is the bucket: lease_take_local.
 *
 * Pure: no clock, no I/O. O(1). One thread. */
#pragma once

#include "core/bucket.h"

#include <stdbool.h>
#include <stdint.h>

#define LEASE_SHARE_US 20000  /* a lease is what flows in so much time */
#define LEASE_LIFE_US  100000 /* after the last answer */

struct lease {
    struct bucket mirror;
    uint64_t tokens;     /* here, not spent */
    uint64_t size;       /* read only */
    uint64_t expires_us; /* when `tokens` are a rest; counts only while there are some */
    bool asking;         /* read only */
};

enum lease_verdict { LEASE_ADMITTED, LEASE_LIMITED, LEASE_WAIT, LEASE_ASK };

struct lease_answer {
    enum lease_verdict verdict;
    uint64_t wait_us; /* LEASE_LIMITED: how long until `n` tokens can be there */
};

/* A call to the shared bucket: it gives min(what it has, want), but nothing where it has less than `need`. */
struct lease_ask {
    uint64_t need;
    uint64_t want;
};

/* Starts with no tokens here and the mirror full: nothing is known yet. */
void lease_init(struct lease *lease, double rate, uint64_t burst, uint64_t now_us);

/* Changes rate and burst. */
void lease_change(struct lease *lease, double rate, uint64_t burst, uint64_t now_us);

/* clamp(rate x 20 ms, 1, burst / 8), in whole tokens. */
uint64_t lease_size(double rate, uint64_t burst);

/* Decides about a request for `n` tokens, at most the burst. Nobody else waits for this lease's ask. */
struct lease_answer lease_take(struct lease *lease, uint64_t n, uint64_t now_us);

/* Decides with the mirror alone, as if nobody else drew from it: there is no shared bucket, or it is away.
 * Tokens that are here are spent first. Never LEASE_WAIT or LEASE_ASK. */
struct lease_answer lease_take_local(struct lease *lease, uint64_t n, uint64_t now_us);

/* True when the next lease should be fetched ahead, and there can be half a one: less than half of one is left, or half of its life
 * is over: one that is in use is not given back, for the requests after it would wait for the next. */
bool lease_is_low(struct lease *lease, uint64_t now_us);

/* Begins an ask for waiting requests: for `first` tokens that the first in line wants and `waiting` for all of them; both 0 to
 * fetch ahead. The first in line needs more than the tokens that are here: lease_take said LEASE_ASK. */
struct lease_ask lease_ask(struct lease *lease, uint64_t first, uint64_t waiting);

/* The ask's answer: `granted` tokens; the shared bucket has `left` millionths of a token left. */
void lease_granted(struct lease *lease, uint64_t granted, uint64_t left_millionths, uint64_t now_us);

/* The ask got no answer. What it may have taken there is lost; the bound holds. */
void lease_failed(struct lease *lease);

/* True when there is a rest. */
bool lease_expired(const struct lease *lease, uint64_t now_us);

/* Takes all tokens out, to be given back; returns how many. */
uint64_t lease_rest(struct lease *lease);

/* What the shared bucket says it has left after a rest was given back. */
void lease_returned(struct lease *lease, uint64_t left_millionths, uint64_t now_us);
