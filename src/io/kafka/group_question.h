/* group_question: what a reader (group_reader.h) asks the brokers, step by step, in librdkafka's words. group_reader.c goes from one to
 * the next; nobody else includes this. */
#pragma once

#include "io/kafka/committed.h"
#include "io/kafka/event_queue.h"
#include "io/kafka/group_reader.h"

#include <stdbool.h>

struct group_reader {
    uv_loop_t *loop;
    struct client_target target;
    const char *group;
    const char *topic;
    rd_kafka_t *handle;
    struct event_queue events;

    /* The question under way. */
    bool asking;
    size_t step;
    struct group_partition *partitions;
    struct group_reading reading;
    group_reading_cb done;
    void *arg;

    bool blocked; /* a worker thread has the handle */
    struct committed committed;
    uv_work_t counting;
    int64_t members, brokers; /* as it found */

    bool leaving; /* no step follows any more */
    bool closing; /* the handle's end waits for a worker thread alone */
    void (*closed)(void *arg);
    void *closed_arg;
};

struct group_step {
    void (*ask)(struct group_reader *reader); /* the answer is an event of the reader's, or group_step_ended is called */
    /* NULL, or why it is no answer; none: a worker thread asks. */
    const char *(*read)(struct group_reader *reader, rd_kafka_event_t *event);
    bool (*is_needed)(const struct group_reader *reader); /* none: always */
};

#define GROUP_STEPS 5

extern const struct group_step group_steps[GROUP_STEPS];

/* --- group_reader.c --- */
/* The worker thread has given the handle back; `refusal` is NULL, or why there is no answer. */
void group_step_ended(struct group_reader *reader, const char *refusal);
