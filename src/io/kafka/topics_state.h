/* topics_state: what topics.c (making, ending, what others ask), topics_answers.c (asking, what the answers mean) and topics_settings.c
 * (how topics are set up) share; nobody else includes it. */
#pragma once

#include "base/list.h"
#include "base/loop.h"
#include "io/kafka/client.h"
#include "io/kafka/event_queue.h"
#include "io/kafka/topics.h"

struct topic {
    struct list link; /* in topics.all, in the order of topics_add */
    struct topic_config wanted;
    bool present;
    bool creating;
    int32_t partitions;
    bool settings_asked;
    uint64_t batch_bytes_max; /* max.message.bytes; 0: not known */
    struct error problem;     /* code 0: there, as wanted */
};

#define TOPICS_BROKERS_MAX 8

struct topics {
    uv_loop_t *loop;
    struct client_target target;
    struct list all;
    size_t count;
    rd_kafka_t *handle;
    struct event_queue events;
    uv_timer_t timer;
    struct client_way_back way_back;
    /* Whom to ask: the controller, or one of the brokers seen in answers, in turns when one does not answer. (librdkafka would wait on for
     * a controller that is gone: with no topics of its own, the handle hears late who is the new one.) */
    int32_t brokers[TOPICS_BROKERS_MAX];
    size_t broker_count;
    size_t turn;
    unsigned silent;      /* asked in a row without an answer */
    unsigned unconnected; /* looked in a row, and no broker was connected */
    bool answered;        /* since the start, at least once */
    bool reachable;
    bool asking;
    bool dirty;        /* something changed, and `changed` has not been told */
    struct error away; /* why nothing answers */
    void (*changed)(void *arg);
    void *arg;
    struct gate gate;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* Asks for all topics, unless an answer is still to come; its answer asks again. Without a connection, looks for one again later. */
void topics_ask(struct topics *topics);
void topics_on_event(void *topics, rd_kafka_event_t *event);
/* Asks the broker for the settings of topics that are new. */
void topics_ask_settings(struct topics *topics, int32_t broker);
void topics_on_settings(struct topics *topics, rd_kafka_event_t *event);
struct topic *topics_find(struct topics *topics, const char *name);
/* Calls `changed` if something did. */
void topics_tell(struct topics *topics);
/* Sets what is wrong with a topic (code 0: nothing), and says it once. */
void topics_set_problem(struct topics *topics, struct topic *topic, const struct error *problem);
