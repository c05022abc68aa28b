/* breaker: refuses records for a topic that does not take any, and finds out when it does again.
 *
 *              N failed reports in a row, or nothing moves: the oldest record waits longer than `stall`
 *     CLOSED ------------------------------------------------------------------------> OPEN
 *       ^ ^                                                                            |  ^
 *       | '------------------ a success: what was still queued is the probe -----------'  |
 *       |                                                                              |  |
 *       |                     nothing queued, `pause` over: one request is let through |  | its record fails, or
 *       |                                                                              v  | never was sent
 *       '------------------------------ its record succeeds ----------------------- HALF_OPEN
 *
 * CLOSED admits all; OPEN and HALF_OPEN refuse. Reports alone would come too late, for librdkafka retries inside until
 * the record's deadline: hence the age. A success that closes the breaker starts the age anew, so that an old record of
 * one silent partition opens it at most once every `stall` while others still move.
 *
 * Pure: the caller says what time it is (loop time, never going back) and what is queued. O(1). One thread, one a topic. */
#pragma once

#include "core/breaker_config.h"

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    enum breaker_state state; /* read only */
    uint64_t opened_count;    /* read only: times that it went from CLOSED to OPEN */
    uint64_t since_us;        /* read only: when it took its state */
    struct breaker_config config;
    unsigned failures;   /* failed reports in a row */
    uint64_t resting_us; /* OPEN: the pause counts from here */
};

/* Records without a report yet. */
struct breaker_queue {
    uint64_t records;
    uint64_t oldest_us; /* when the oldest of them was handed over; not read when there is none */
};

void breaker_init(struct breaker *breaker, const struct breaker_config *config, uint64_t now_us);

/* Asks for the right to send now. True may make this request the probe: then either its report follows, or
 * breaker_on_unsent. Ask in the turn that hands the record over; to refuse early use breaker_refuses. */
bool breaker_admit(struct breaker *breaker, uint64_t now_us, struct breaker_queue queue);

/* What breaker_admit would answer (true: refuse), without a move. */
bool breaker_refuses(const struct breaker *breaker, uint64_t now_us, struct breaker_queue queue);

/* A record's report came: `ok` if it is stored. Leave out failures that say nothing about the broker (too large). */
void breaker_on_report(struct breaker *breaker, bool ok, uint64_t now_us);

/* A request that was admitted was not handed over after all (the producer's queue was full). */
void breaker_on_unsent(struct breaker *breaker, uint64_t now_us);

/* Call a few times a second: opens the breaker also when no request comes to find out. */
void breaker_tick(struct breaker *breaker, uint64_t now_us, struct breaker_queue queue);

/* An estimate of when to ask again, for Retry-After: the rest of the pause, or a whole one while a probe is out.
 * 0 while closed. */
uint64_t breaker_retry_after_us(const struct breaker *breaker, uint64_t now_us);

/* "closed", "open", "half open". */
const char *breaker_state_name(enum breaker_state state);

/* For the metric: 0 closed, 1 open, 0.5 half open. */
double breaker_state_gauge(enum breaker_state state);
