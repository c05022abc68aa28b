/* event_queue: a librdkafka handle's main queue, served by the loop.
 *
 * librdkafka's threads write to an eventfd when the queue turns from empty to non-empty, and only then: so each wakeup takes
 * everything out, and the first one is our own. Embedded by its owner. Loop thread only. */
#pragma once

#include "base/loop.h"

#include <librdkafka/rdkafka.h>

struct event_queue {
    struct wakeup wakeup;
    rd_kafka_queue_t *queue;
    /* For each event, which is destroyed after it. */
    void (*on_event)(void *arg, rd_kafka_event_t *event);
    void *arg;
};

/* Returns 0 or a libuv error; nothing is open then. */
int event_queue_open(struct event_queue *events, rd_kafka_t *handle, uv_loop_t *loop, void (*on_event)(void *arg, rd_kafka_event_t *event),
                     void *arg);

/* Takes out what there is now; for the last time before closing. */
void event_queue_drain(struct event_queue *events);

/* No event comes after this. Gives the queue back, so that the handle can be ended; `closed` is called later, once. */
void event_queue_close(struct event_queue *events, void (*closed)(void *arg), void *arg);
