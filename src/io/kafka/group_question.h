/* group_question: what a reader (group_reader.h) asks the brokers, step by step, in librdkafka's words. group_reader.c goes from one to
 * the next; nobody else includes this. */
#pragma once

#include "base/list.h"
#include "io/kafka/event_queue.h"
#include "io/kafka/group_reader.h"

struct group_reader {
    uv_loop_t *loop;
    struct client_target target;
    rd_kafka_t *handle;
    struct event_queue events;
    struct list questions;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* One question, from group_reader_ask to its answer. */
struct question {
    struct list link;
    struct group_reader *reader;
    const char *group, *topic;          /* borrowed */
    size_t step;                        /* in group_steps */
    struct group_partition *partitions; /* of the reading */
    struct group_reading reading;
    group_reading_cb done;
    void *arg;
};

struct group_step {
    void (*ask)(struct question *question);                                  /* the answer is an event of the reader's */
    const char *(*read)(struct question *question, rd_kafka_event_t *event); /* NULL, or why it is no answer */
    bool (*is_needed)(const struct question *question);                      /* NULL: always */
};

#define GROUP_STEPS 6

extern const struct group_step group_steps[GROUP_STEPS];
