/* consumer_lookup: a question to the brokers about where partitions begin. consumer_lookup.c leads it from step to step,
 * consumer_lookup_ask.c and consumer_lookup_read.c have librdkafka's words for its questions and answers; nobody else includes this.
 *
 *   assignment:  ASKING_COMMITS --> ASKING_TOPIC --all have one---------------------> consumer_assign
 *                                       \--some have none, or of another topic
 *                                          of this name; or tell what is done above
 *                                          them ---------------> ASKING_ENDS -------> consumer_assign
 *   reset:                          ASKING_TOPIC ------------> ASKING_ENDS --------> consumer_place_anew
 *   stable:                                                    ASKING_ENDS --------> noted in the partitions
 *   check, or reset:                ASKING_TOPIC --it is another one---------------> consumer_start_over
 *
 * The topic is asked for its id after the commits: had it been made anew in between, they would seem to be of this one. Without an answer
 * (no coordinator, broker away) it is UNANSWERED and asked again, from the beginning, at a tick after a pause. */
#pragma once

#include "io/kafka/consumer_parts.h"

enum lookup_state { LOOKUP_UNANSWERED, LOOKUP_ASKING_COMMITS, LOOKUP_ASKING_TOPIC, LOOKUP_ASKING_ENDS };

enum lookup_kind {
    LOOKUP_ASSIGNMENT,
    LOOKUP_RESET,  /* of one partition whose position is not in the log */
    LOOKUP_CHECK,  /* that the topic is still the same: one that was made anew may outgrow our positions before we notice */
    LOOKUP_STABLE, /* how far transactions are decided about, of partitions that stand before their end */
};

struct commits_question;

struct lookup {
    struct list link;
    struct consumer *consumer;
    enum lookup_kind kind;
    enum lookup_state state;
    unsigned refusals;                           /* so far, of any of its questions */
    uint64_t again_us;                           /* while UNANSWERED: when it is asked again */
    bool is_old_group;                           /* it has committed some partition of the topic before */
    rd_kafka_topic_partition_list_t *partitions; /* what is known: offset >= 0, and metadata */
    rd_kafka_topic_partition_list_t *ends;       /* the logs' ends, of those whose metadata tells what is done above */
    struct topic_id topic;
    struct commits_question *question; /* while ASKING_COMMITS */
};

/* Does its metadata tell what is done above the commit? It is believed only if the log reaches as far. */
bool lookup_needs_end(const struct lookup *lookup, const rd_kafka_topic_partition_t *entry);
/* True when all its partitions have an offset, and an end where they need one. */
bool lookup_is_complete(const struct lookup *lookup);

/* --- consumer_lookup_ask.c: each sets the state; the answer is an event on the consumer's control queue --- */
/* But for this one: lookup_on_commits is called, unless the lookup has ended before. */
void lookup_ask_commits(struct lookup *lookup);
/* The lookup ends: nobody waits for its question for commits any more. */
void lookup_forget_commits(struct lookup *lookup);
void lookup_ask_topic(struct lookup *lookup);
void lookup_ask_ends(struct lookup *lookup);

/* --- consumer_lookup.c --- */
/* It is asked again later, or not at all: it may be gone. */
void lookup_unanswered(struct lookup *lookup, const char *reason);
/* The group's commits, or why there are none. */
void lookup_on_commits(struct lookup *lookup, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *answer);

/* --- consumer_lookup_read.c: each takes an answer over; returns why it is none, or NULL --- */
void lookup_read_commits(struct lookup *lookup, const rd_kafka_topic_partition_list_t *answer);
const char *lookup_read_topic(struct lookup *lookup, rd_kafka_event_t *event);
const char *lookup_read_ends(struct lookup *lookup, rd_kafka_event_t *event);
