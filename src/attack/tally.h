/* tally: what came back, and how it is told: a line of progress, the summary. */
#pragma once

#include "attack/options.h"
#include "base/histogram.h"

#include <stdint.h>

struct tally {
    uint64_t total;           /* requests that ended */
    uint64_t ok;              /* 200 */
    uint64_t limited;         /* 429 */
    uint64_t other;           /* other statuses */
    uint64_t errors;          /* no answer: refused, reset, timed out */
    uint64_t unanswered;      /* on their way when the time was over; not in the total */
    uint64_t unsent;          /* open loop: intended, but no connection was free before the end */
    struct histogram latency; /* of answers */
    uint64_t started_us, ended_us;
};

/* status 0: no answer. */
void tally_count(struct tally *tally, int status, uint64_t latency_us);

void tally_progress(const struct tally *tally, uint64_t now_us, bool terminal);
void tally_summary(const struct tally *tally, bool json);
