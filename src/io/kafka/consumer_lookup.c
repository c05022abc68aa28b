#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/retry.h"
#include "io/kafka/consumer_parts.h"
#include "io/kafka/embedded.h"
#include "io/kafka/topic_admin.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#define ANSWER_WAIT_MS 5000

#define DEAF_AFTER 4 /* questions without an answer: some 20 s */

/* Until the tick at which it is asked again. */
static const struct retry_policy patience = { .base_us = 200000, .max_us = 5000000, .jitter_us = 500000 };

/* A question to the brokers about where partitions begin.
 *
 *   assignment:  ASKING_COMMITS --> ASKING_TOPIC --all have one---------------------> consumer_assign
 *                                       \--some have none, or of another topic
 *                                              of this name--> ASKING_ENDS --------> consumer_assign
 *   reset:                          ASKING_TOPIC ------------> ASKING_ENDS --------> consumer_move
 *
 * The topic is asked for its id after the commits: had it been made anew in between, they would seem to be of this one. Without an answer
 * (no coordinator, broker away) it is UNANSWERED and asked again with the next tick. */
enum lookup_state { LOOKUP_UNANSWERED, LOOKUP_ASKING_COMMITS, LOOKUP_ASKING_TOPIC, LOOKUP_ASKING_ENDS };

struct lookup {
    struct list link;
    struct consumer *consumer;
    bool reset; /* of one partition whose position is not in the log; else for an assignment */
    enum lookup_state state;
    unsigned refusals;                           /* so far, of any of its questions */
    uint64_t again_us;                           /* while UNANSWERED: when it is asked again */
    bool is_old_group;                           /* it has committed some partition of the topic before */
    rd_kafka_topic_partition_list_t *partitions; /* what is known: offset >= 0, and metadata */
    struct topic_id topic;
};

static void end(struct lookup *lookup)
{
    list_remove(&lookup->link);
    rd_kafka_topic_partition_list_destroy(lookup->partitions);
    mem_free(lookup);
}

static rd_kafka_AdminOptions_t *admin_options(struct lookup *lookup, rd_kafka_admin_op_t what)
{
    char reason[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(lookup->consumer->handle, what);
    rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_WAIT_MS, reason, sizeof(reason));
    rd_kafka_AdminOptions_set_opaque(options, lookup);
    return options;
}

/* What is assigned, and all partitions below: whether the group has committed any of them tells a new partition from a new group. */
static rd_kafka_topic_partition_list_t *commits_wanted(const struct lookup *lookup)
{
    const char *topic = lookup->consumer->options.topic;
    int32_t last = 0;
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        if (lookup->partitions->elems[i].partition > last)
            last = lookup->partitions->elems[i].partition;
    }
    rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new(last + 1);
    rd_kafka_topic_partition_list_add_range(wanted, topic, 0, last);
    return wanted;
}

static void ask_commits(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    rd_kafka_AdminOptions_t *options = admin_options(lookup, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    /* Not an offset that a transaction of ours has yet to decide about. */
    rd_kafka_error_t *error = rd_kafka_AdminOptions_set_require_stable_offsets(options, 1);
    if (error != NULL)
        rd_kafka_error_destroy(error);

    rd_kafka_topic_partition_list_t *wanted = commits_wanted(lookup);
    rd_kafka_ListConsumerGroupOffsets_t *question = rd_kafka_ListConsumerGroupOffsets_new(consumer->options.group, wanted);
    rd_kafka_topic_partition_list_destroy(wanted);
    lookup->state = LOOKUP_ASKING_COMMITS;
    rd_kafka_ListConsumerGroupOffsets(consumer->handle, &question, 1, options, consumer->control);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    rd_kafka_AdminOptions_destroy(options);
}

/* The controller that the handle knows of may be gone; and the embedded cluster has none. */
static int32_t whom_about_topic(const struct consumer *consumer)
{
    if (consumer->options.target.embedded != NULL)
        return EMBEDDED_BROKER;
    return consumer->asks_leader ? consumer->leader : TOPIC_ADMIN_CONTROLLER;
}

static void ask_topic(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    const char *name = consumer->options.topic;
    int32_t broker = whom_about_topic(consumer);
    rd_kafka_AdminOptions_t *options = admin_options(lookup, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    if (broker != TOPIC_ADMIN_CONTROLLER)
        rd_kafka_AdminOptions_set_broker(options, broker, NULL, 0);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&name, 1);
    lookup->state = LOOKUP_ASKING_TOPIC;
    rd_kafka_DescribeTopics(consumer->handle, topics, options, consumer->control);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
}

/* A partition that an old group has never committed was made after it: its first records are for us, whatever `start` says. */
static int64_t beginning_of(const struct lookup *lookup)
{
    bool all = lookup->consumer->options.start == CONSUMER_EARLIEST || (lookup->is_old_group && !lookup->reset);
    return all ? RD_KAFKA_OFFSET_SPEC_EARLIEST : RD_KAFKA_OFFSET_SPEC_LATEST;
}

static void ask_ends(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    rd_kafka_topic_partition_list_t *question = rd_kafka_topic_partition_list_new(lookup->partitions->cnt);
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &lookup->partitions->elems[i];
        if (entry->offset < 0)
            rd_kafka_topic_partition_list_add(question, entry->topic, entry->partition)->offset = beginning_of(lookup);
    }
    rd_kafka_AdminOptions_t *options = admin_options(lookup, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    lookup->state = LOOKUP_ASKING_ENDS;
    rd_kafka_ListOffsets(consumer->handle, question, options, consumer->control);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_topic_partition_list_destroy(question);
}

static bool all_known(const struct lookup *lookup)
{
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        if (lookup->partitions->elems[i].offset < 0)
            return false;
    }
    return true;
}

/* A coordinator that hears the heartbeats but none of the questions: librdkafka then asks one that it has kept in mind, and that is gone.
 * Only a new client asks anew who it is. */
static bool is_deaf(const struct lookup *lookup, rd_kafka_resp_err_t code)
{
    return lookup->state == LOOKUP_ASKING_COMMITS && code == RD_KAFKA_RESP_ERR__TIMED_OUT && lookup->refusals >= DEAF_AFTER;
}

/* A refusal that lasts (the topic was deleted) is told ever more rarely: the 1st, 2nd, 4th, 8th ... time. */
static bool is_to_be_told(unsigned refusals)
{
    return (refusals & (refusals - 1)) == 0;
}

static void unanswered(struct lookup *lookup, rd_kafka_resp_err_t code, const char *reason)
{
    struct consumer *consumer = lookup->consumer;
    uint64_t pause_us = retry_delay_us(&patience, ++lookup->refusals, &consumer->random);
    if (is_to_be_told(lookup->refusals))
        log_warn("consumer",
                 "%s: where to begin with %d partitions of %s was asked %u times in vain, and is asked again in %" PRIu64 " ms: %s",
                 consumer->options.name, lookup->partitions->cnt, consumer->options.topic, lookup->refusals, pause_us / 1000, reason);
    if (lookup->state == LOOKUP_ASKING_TOPIC)
        consumer->asks_leader = consumer->has_leader && !consumer->asks_leader;
    if (is_deaf(lookup, code))
        consumer->broken = true;
    lookup->state = LOOKUP_UNANSWERED;
    lookup->again_us = clock_us() + pause_us;
}

/* --- the end of a lookup --- */

static void finish_reset(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    const rd_kafka_topic_partition_t *entry = &lookup->partitions->elems[0];
    struct consumer_partition *partition = consumer_find(consumer, entry->partition);
    if (partition == NULL || !partition->misplaced || partition->given_back) {
        end(lookup);
    } else if (consumer->state == CONSUMER_WORKING) {
        consumer->topic = lookup->topic;
        consumer_place_anew(partition, entry->offset);
        end(lookup);
    } else {
        /* A change of the assignment would be taken for the answer to the rebalance that is going on. */
        lookup->partitions->elems[0].offset = RD_KAFKA_OFFSET_INVALID;
        lookup->state = LOOKUP_UNANSWERED;
    }
}

static void finish_assignment(struct lookup *lookup)
{
    lookup->consumer->topic = lookup->topic;
    consumer_assign(lookup->consumer, lookup->partitions);
    end(lookup);
}

/* Where its metadata tells that a commit is of another topic of this name, there is none for this one. */
static void disown_commits(const struct lookup *lookup)
{
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        rd_kafka_topic_partition_t *entry = &lookup->partitions->elems[i];
        struct text metadata = { entry->metadata, entry->metadata_size };
        if (entry->offset < 0 || commit_metadata_check(metadata, &lookup->topic, entry->offset) != METADATA_OTHER_TOPIC)
            continue;
        log_warn("consumer",
                 "%s: partition %" PRId32 ": the commit of offset %" PRId64 " is of a topic %s that was deleted; this is another",
                 lookup->consumer->options.name, entry->partition, entry->offset, entry->topic);
        entry->offset = RD_KAFKA_OFFSET_INVALID;
    }
}

static void proceed(struct lookup *lookup)
{
    if (lookup->state == LOOKUP_ASKING_TOPIC)
        disown_commits(lookup);
    if (lookup->state == LOOKUP_ASKING_COMMITS)
        ask_topic(lookup);
    else if (!all_known(lookup))
        ask_ends(lookup);
    else if (lookup->reset)
        finish_reset(lookup);
    else
        finish_assignment(lookup);
}

/* --- answers --- */

static void copy_entry(rd_kafka_topic_partition_list_t *list, const rd_kafka_topic_partition_t *entry)
{
    rd_kafka_topic_partition_t *copy = rd_kafka_topic_partition_list_add(list, entry->topic, entry->partition);
    copy->offset = entry->offset;
    if (entry->metadata_size == 0)
        return;
    copy->metadata = mem_strndup(entry->metadata, entry->metadata_size); /* librdkafka frees it */
    copy->metadata_size = entry->metadata_size;
}

static void take_commits(struct lookup *lookup, const rd_kafka_topic_partition_list_t *answer)
{
    rd_kafka_topic_partition_list_t *ours = rd_kafka_topic_partition_list_new(lookup->partitions->cnt);
    for (int i = 0; i < answer->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &answer->elems[i];
        lookup->is_old_group = lookup->is_old_group || entry->offset >= 0;
        if (rd_kafka_topic_partition_list_find(lookup->partitions, entry->topic, entry->partition) != NULL)
            copy_entry(ours, entry);
    }
    rd_kafka_topic_partition_list_destroy(lookup->partitions);
    lookup->partitions = ours;
}

/* Takes the answer over. Returns why it is none, or NULL. */
static const char *read_commits(struct lookup *lookup, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_group_result_t **groups =
        rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    if (count != 1)
        return "the answer names no group";
    const rd_kafka_error_t *error = rd_kafka_group_result_error(groups[0]);
    if (error != NULL)
        return rd_kafka_error_string(error);

    const rd_kafka_topic_partition_list_t *answer = rd_kafka_group_result_partitions(groups[0]);
    for (int i = 0; i < answer->cnt; i++) {
        if (answer->elems[i].err != 0)
            return client_reason(answer->elems[i].err);
    }
    take_commits(lookup, answer);
    return NULL;
}

static void remember_leader(struct consumer *consumer, const rd_kafka_TopicDescription_t *topic)
{
    size_t count = 0;
    const rd_kafka_TopicPartitionInfo_t **partitions = rd_kafka_TopicDescription_partitions(topic, &count);
    const rd_kafka_Node_t *node = count == 0 ? NULL : rd_kafka_TopicPartitionInfo_leader(partitions[0]);
    consumer->has_leader = node != NULL && rd_kafka_Node_id(node) >= 0;
    consumer->leader = consumer->has_leader ? rd_kafka_Node_id(node) : 0;
}

static const char *read_topic(struct lookup *lookup, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_TopicDescription_t **topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    if (count != 1)
        return "the answer names no topic";
    const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(topics[0]);
    if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_error_string(error);

    const rd_kafka_Uuid_t *id = rd_kafka_TopicDescription_topic_id(topics[0]);
    uint64_t halves[2] = { htobe64((uint64_t)rd_kafka_Uuid_most_significant_bits(id)),
                           htobe64((uint64_t)rd_kafka_Uuid_least_significant_bits(id)) };
    memcpy(lookup->topic.bytes, halves, sizeof(lookup->topic.bytes));
    remember_leader(lookup->consumer, topics[0]);
    return NULL;
}

static const char *read_ends(struct lookup *lookup, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t **answers = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *answer = rd_kafka_ListOffsetsResultInfo_topic_partition(answers[i]);
        if (answer->err != 0)
            return client_reason(answer->err);
        rd_kafka_topic_partition_list_set_offset(lookup->partitions, answer->topic, answer->partition, answer->offset);
    }
    return all_known(lookup) ? NULL : "the answer leaves out partitions";
}

static const struct {
    rd_kafka_event_type_t type;
    const char *(*read)(struct lookup *lookup, rd_kafka_event_t *event);
} answers[] = {
    [LOOKUP_ASKING_COMMITS] = { RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, read_commits },
    [LOOKUP_ASKING_TOPIC] = { RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, read_topic },
    [LOOKUP_ASKING_ENDS] = { RD_KAFKA_EVENT_LISTOFFSETS_RESULT, read_ends },
};

static bool is_under_way(const struct consumer *consumer, const struct lookup *lookup)
{
    list_each(link, &consumer->lookups) {
        if (list_entry(link, struct lookup, link) == lookup)
            return true;
    }
    return false;
}

void lookup_on_answer(struct consumer *consumer, rd_kafka_event_t *event)
{
    struct lookup *lookup = rd_kafka_event_opaque(event);
    if (!is_under_way(consumer, lookup) || answers[lookup->state].type != rd_kafka_event_type(event))
        return;
    bool failed = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR;
    const char *refusal = failed ? rd_kafka_event_error_string(event) : answers[lookup->state].read(lookup, event);
    if (refusal != NULL)
        unanswered(lookup, rd_kafka_event_error(event), refusal);
    else
        proceed(lookup);
}

/* --- questions --- */

static struct lookup *begin(struct consumer *consumer, bool reset, const rd_kafka_topic_partition_list_t *partitions)
{
    struct lookup *lookup = mem_alloc(sizeof(*lookup));
    *lookup = (struct lookup){ .consumer = consumer, .reset = reset };
    lookup->partitions = rd_kafka_topic_partition_list_copy(partitions);
    list_push(&consumer->lookups, &lookup->link);
    return lookup;
}

void lookup_commits(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    ask_commits(begin(consumer, false, partitions));
}

void lookup_reset(struct consumer_partition *partition)
{
    struct consumer *consumer = partition->consumer;
    if (partition->misplaced)
        return;
    partition->misplaced = true;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, consumer->options.topic, partition->number);
    ask_topic(begin(consumer, true, one));
    rd_kafka_topic_partition_list_destroy(one);
}

void lookup_again(struct consumer *consumer)
{
    list_each(link, &consumer->lookups) {
        struct lookup *lookup = list_entry(link, struct lookup, link);
        if (lookup->state != LOOKUP_UNANSWERED || clock_us() < lookup->again_us)
            continue;
        if (lookup->reset)
            ask_topic(lookup);
        else
            ask_commits(lookup);
    }
}

void lookup_end_all(struct consumer *consumer)
{
    list_each(link, &consumer->lookups) {
        struct lookup *lookup = list_entry(link, struct lookup, link);
        if (!lookup->reset)
            consumer_decline(consumer, lookup->partitions);
        end(lookup);
    }
}
