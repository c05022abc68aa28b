/* load: which request is sent when.
 *
 *   closed loop   each worker sends, waits for the answer, thinks, sends again
 *   open loop     requests are due at a fixed rate, whatever the answers do; one that finds no free connection waits, and its
 *                 latency counts from when it was due, so that a slow server cannot hide behind a slow client
 *
 * Both put due requests into one line; a free connection takes the first. */
#pragma once

#include "attack/caller.h"
#include "attack/options.h"
#include "attack/tally.h"
#include "base/random.h"

#include <uv.h>

struct load_worker {
    struct load *load;
    uv_timer_t think;
};

struct load {
    const struct attack_options *options;
    const struct url *target;
    struct tally *tally;
    struct random random;
    struct caller *callers;
    struct caller **idle; /* a stack */
    size_t idle_count;
    struct load_worker *workers; /* closed loop */
    uint64_t *due;               /* a ring of intended starts, microseconds */
    size_t due_first, due_count, due_capacity;
    uint64_t sent; /* open loop: requests that have become due */
    uv_timer_t tick, end, progress;
    uv_signal_t interrupt;
    bool ended, terminal;
};

/* `load` may be freed when the loop has ended, after load_free. */
void load_start(struct load *load, uv_loop_t *loop, const struct attack_options *options, const struct url *target, struct tally *tally);
void load_free(struct load *load);
