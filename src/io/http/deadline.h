/* deadline: timeouts of many connections without a timer each.
 *
 * All deadlines of a queue have the same length, so a queue in the order of arming is in the order of falling due, and
 * every operation is O(1). Who owns the queues asks them now and then (the engine's tick): a deadline is late by at most
 * that. A deadline is in one queue at a time, and must be disarmed before it is freed. One thread. */
#pragma once

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct deadline {
    struct list link;
    struct deadline_queue *queue; /* NULL while it is not armed */
    uint64_t at_ms;
};

struct deadline_queue {
    struct list deadlines;
    uint64_t timeout_ms;
};

void deadline_queue_init(struct deadline_queue *queue, uint64_t timeout_us);

void deadline_init(struct deadline *deadline);

/* Does nothing where the deadline runs in this queue already; leaves another queue. */
void deadline_arm(struct deadline *deadline, struct deadline_queue *queue, uint64_t now_ms);
void deadline_disarm(struct deadline *deadline);

/* The first deadline, due or not; NULL if there is none. It stays armed. */
struct deadline *deadline_first(const struct deadline_queue *queue);

/* Disarms and returns the first deadline if it is due, else NULL. */
struct deadline *deadline_due(struct deadline_queue *queue, uint64_t now_ms);
