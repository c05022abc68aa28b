/* topics: makes sure that the configured topics are there, and says what it found.
 *
 *   UNASKED --answer--> PRESENT (n partitions) <--created-- MISSING
 *      |                   |  ^                               ^ |
 *      no broker answers   |  +--------- described -----------+ | create: true -> CreateTopics
 *      (asked again)       +--- gone from the broker -----------+ create: false -> stays, said in the log and by topics_ready
 *
 * Asked anew each 500 ms until every topic is present, then each 2 s: so it also sees brokers that go and come back. A partition
 * count other than configured is said, never altered. Loop thread only. */
#pragma once

#include "base/error.h"
#include "io/kafka/client_target.h"
#include "io/kafka/topic_config.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct topics; /* opaque: all topics of the process */
struct topic;  /* opaque: one of them; lives as long as `topics` */

/* What topics_open would say of this target, which is nowhere: told without a broker. */
int topics_check(const struct client_target *target, struct error *err);

/* Opens a handle of its own for the questions. `target` is copied, what it points to borrowed. NULL with a sentence. */
struct topics *topics_open(uv_loop_t *loop, const struct client_target *target, struct error *err);

/* Adds a topic; before topics_start. Copies what it needs. The same name again gives the same topic, if it is wanted in the same
 * way, or if one of both leaves open how (partitions 0, create false); else NULL with E_INVALID. */
struct topic *topics_add(struct topics *topics, const struct topic_config *config, struct error *err);

/* Starts asking. `changed` is called, later, each time that a topic's state or the brokers' reachability changes. */
void topics_start(struct topics *topics, void (*changed)(void *arg), void *arg);

/* True when brokers answer and every topic is present with its configured partitions; else a reason in `err`. */
bool topics_ready(const struct topics *topics, struct error *err);

const char *topic_name(const struct topic *topic);
/* True once the topic was found; stays true while brokers are away. */
bool topic_present(const struct topic *topic);
/* What was found; 0 before. */
int32_t topic_partitions(const struct topic *topic);
/* The largest batch that the topic takes (max.message.bytes); 0 where it is not known: not asked yet, or not told. */
uint64_t topic_batch_bytes_max(const struct topic *topic);
/* Why it is not (rightly) there: in `err`, E_UNAVAILABLE. True and nothing when all is well. */
bool topic_ready(const struct topic *topic, struct error *err);

/* Stops asking and ends the handle; `closed` is called later, once. */
void topics_close(struct topics *topics, void (*closed)(void *arg), void *arg);
