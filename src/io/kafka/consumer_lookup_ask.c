#include "io/kafka/consumer_lookup.h"

#include "base/memory.h"
#include "io/kafka/committed.h"
#include "io/kafka/embedded.h"
#include "io/kafka/topic_admin.h"

#define ANSWER_WAIT_MS  3000 /* a broker that dies meanwhile is connected to without a pause for so long */
#define CHECK_WAIT_MS   2000 /* of what is asked again soon in any case */
#define COMMITS_WAIT_MS 2000 /* a handle that ends waits for it */

static rd_kafka_AdminOptions_t *admin_options(struct lookup *lookup, rd_kafka_admin_op_t what)
{
    char reason[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(lookup->consumer->handle, what);
    bool recurs = lookup->kind == LOOKUP_CHECK || lookup->kind == LOOKUP_STABLE;
    rd_kafka_AdminOptions_set_request_timeout(options, recurs ? CHECK_WAIT_MS : ANSWER_WAIT_MS, reason, sizeof(reason));
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

/* It outlives a lookup that is ended. */
struct commits_question {
    struct committed committed; /* first: leads back to it */
    struct consumer *consumer;
    struct lookup *lookup; /* NULL: nobody waits for it any more */
};

static void on_committed(struct committed *committed)
{
    struct commits_question *question = list_entry(committed, struct commits_question, committed);
    struct lookup *lookup = question->lookup;
    handle_release(question->consumer);
    if (lookup != NULL) {
        lookup->question = NULL;
        lookup_on_commits(lookup, committed->code, committed->partitions);
    }
    rd_kafka_topic_partition_list_destroy(committed->partitions);
    mem_free(question);
}

void lookup_ask_commits(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    struct commits_question *question = mem_zalloc(sizeof(*question));
    question->consumer = consumer;
    question->lookup = lookup;
    lookup->question = question;
    lookup->state = LOOKUP_ASKING_COMMITS;
    handle_hold(consumer);
    committed_ask(&question->committed, consumer->options.loop, consumer->handle, commits_wanted(lookup), COMMITS_WAIT_MS, on_committed);
}

void lookup_forget_commits(struct lookup *lookup)
{
    if (lookup->question != NULL)
        lookup->question->lookup = NULL;
}

/* A question to a broker that is gone would make librdkafka connect without a pause: topics_answers.c tells. Returns false if there is
 * nobody to ask; the lookup may be gone then. */
static bool can_ask(struct lookup *lookup)
{
    lookup->consumer->unconnected = !client_is_connected(lookup->consumer->handle);
    if (!lookup->consumer->unconnected)
        return true;
    lookup_unanswered(lookup, "no broker is connected");
    return false;
}

/* The controller that the handle knows of may be gone; and the embedded cluster has none. */
static int32_t whom_about_topic(const struct consumer *consumer)
{
    if (consumer->options.target.embedded != NULL)
        return EMBEDDED_BROKER;
    return consumer->asks_leader ? consumer->leader : TOPIC_ADMIN_CONTROLLER;
}

void lookup_ask_topic(struct lookup *lookup)
{
    lookup->state = LOOKUP_ASKING_TOPIC;
    if (!can_ask(lookup))
        return;
    struct consumer *consumer = lookup->consumer;
    const char *name = consumer->options.topic;
    int32_t broker = whom_about_topic(consumer);
    rd_kafka_AdminOptions_t *options = admin_options(lookup, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    if (broker != TOPIC_ADMIN_CONTROLLER)
        rd_kafka_AdminOptions_set_broker(options, broker, NULL, 0);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&name, 1);
    rd_kafka_DescribeTopics(consumer->handle, topics, options, consumer->control);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
}

/* A partition that an old group has never committed was made after it: its first records are for us, whatever `start` says. */
static int64_t wanted_of(const struct lookup *lookup)
{
    if (lookup->kind == LOOKUP_STABLE)
        return RD_KAFKA_OFFSET_SPEC_LATEST;
    bool all = lookup->consumer->options.start == CONSUMER_EARLIEST || (lookup->is_old_group && lookup->kind == LOOKUP_ASSIGNMENT);
    return all ? RD_KAFKA_OFFSET_SPEC_EARLIEST : RD_KAFKA_OFFSET_SPEC_LATEST;
}

void lookup_ask_ends(struct lookup *lookup)
{
    lookup->state = LOOKUP_ASKING_ENDS;
    if (!can_ask(lookup))
        return;
    struct consumer *consumer = lookup->consumer;
    rd_kafka_topic_partition_list_t *question = rd_kafka_topic_partition_list_new(lookup->partitions->cnt);
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &lookup->partitions->elems[i];
        if (entry->offset < 0)
            rd_kafka_topic_partition_list_add(question, entry->topic, entry->partition)->offset = wanted_of(lookup);
        else if (lookup_needs_end(lookup, entry))
            rd_kafka_topic_partition_list_add(question, entry->topic, entry->partition)->offset = RD_KAFKA_OFFSET_SPEC_LATEST;
    }
    rd_kafka_AdminOptions_t *options = admin_options(lookup, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    if (lookup->kind == LOOKUP_STABLE)
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_isolation_level(options, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED));
    rd_kafka_ListOffsets(consumer->handle, question, options, consumer->control);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_topic_partition_list_destroy(question);
}
