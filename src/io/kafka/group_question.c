#include "io/kafka/group_question.h"

#include "base/memory.h"
#include "io/kafka/client.h"
#include "io/kafka/embedded.h"

#define ANSWER_WAIT_MS 5000

static rd_kafka_AdminOptions_t *options_for(struct question *question, rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(question->reader->handle, operation);
    rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_WAIT_MS, NULL, 0);
    rd_kafka_AdminOptions_set_opaque(options, question);
    return options;
}

/* --- the topic --- */

static void ask_topic(struct question *question)
{
    rd_kafka_AdminOptions_t *options = options_for(question, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    if (question->reader->target.embedded != NULL) /* which has no controller to ask */
        rd_kafka_AdminOptions_set_broker(options, EMBEDDED_BROKER, NULL, 0);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&question->topic, 1);
    rd_kafka_DescribeTopics(question->reader->handle, topics, options, question->reader->events.queue);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
}

static const char *read_topic(struct question *question, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_TopicDescription_t **topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    if (count != 1)
        return "the answer names no topic";
    const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(topics[0]);
    if (error != NULL && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_error_string(error);

    const rd_kafka_TopicPartitionInfo_t **partitions = rd_kafka_TopicDescription_partitions(topics[0], &count);
    question->partitions = mem_zalloc((count + 1) * sizeof(*question->partitions));
    question->reading.partitions = question->partitions;
    question->reading.partition_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t replicas, in_sync, number = (size_t)rd_kafka_TopicPartitionInfo_partition(partitions[i]);
        if (number >= count)
            return "the answer leaves out partitions";
        rd_kafka_TopicPartitionInfo_replicas(partitions[i], &replicas);
        rd_kafka_TopicPartitionInfo_isr(partitions[i], &in_sync);
        const rd_kafka_Node_t *leader = rd_kafka_TopicPartitionInfo_leader(partitions[i]);
        question->partitions[number] = (struct group_partition){
            .committed = GROUP_NOTHING,
            .beginning = GROUP_NOTHING,
            .end = GROUP_NOTHING,
            .leader = leader == NULL ? GROUP_NOTHING : rd_kafka_Node_id(leader),
            .replicas = (int32_t)replicas,
            .in_sync = (int32_t)in_sync,
        };
    }
    return NULL;
}

/* --- the commits --- */

static rd_kafka_topic_partition_list_t *every_partition(const struct question *question)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)question->reading.partition_count);
    for (size_t i = 0; i < question->reading.partition_count; i++)
        rd_kafka_topic_partition_list_add(list, question->topic, (int32_t)i);
    return list;
}

static void ask_commits(struct question *question)
{
    struct group_reader *reader = question->reader;
    rd_kafka_AdminOptions_t *options = options_for(question, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_topic_partition_list_t *partitions = every_partition(question);
    rd_kafka_ListConsumerGroupOffsets_t *of_group = rd_kafka_ListConsumerGroupOffsets_new(question->group, partitions);
    rd_kafka_ListConsumerGroupOffsets(reader->handle, &of_group, 1, options, reader->events.queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(of_group);
    rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_AdminOptions_destroy(options);
}

static struct group_partition *partition_at(struct question *question, int32_t number)
{
    bool is_known = number >= 0 && (size_t)number < question->reading.partition_count;
    return is_known ? &question->partitions[number] : NULL;
}

static const char *read_commits(struct question *question, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_group_result_t **groups =
        rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    if (count != 1)
        return "the answer names no group";
    if (rd_kafka_group_result_error(groups[0]) != NULL)
        return rd_kafka_error_string(rd_kafka_group_result_error(groups[0]));

    const rd_kafka_topic_partition_list_t *answer = rd_kafka_group_result_partitions(groups[0]);
    for (int i = 0; i < answer->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &answer->elems[i];
        struct group_partition *partition = partition_at(question, entry->partition);
        if (entry->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return client_reason(entry->err);
        if (partition != NULL && entry->offset >= 0)
            partition->committed = entry->offset;
    }
    return NULL;
}

/* --- the log's ends and beginnings --- */

static void ask_offsets(struct question *question, bool (*is_asked)(const struct group_partition *partition), int64_t which)
{
    struct group_reader *reader = question->reader;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)question->reading.partition_count);
    for (size_t i = 0; i < question->reading.partition_count; i++)
        if (is_asked(&question->partitions[i]))
            rd_kafka_topic_partition_list_add(list, question->topic, (int32_t)i)->offset = which;
    rd_kafka_AdminOptions_t *options = options_for(question, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    rd_kafka_ListOffsets(reader->handle, list, options, reader->events.queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Who is asked for a partition without a leader waits for one to the end of his patience. */
static bool has_leader(const struct group_partition *partition)
{
    return partition->leader >= 0;
}

static bool has_no_commit(const struct group_partition *partition)
{
    return has_leader(partition) && partition->committed == GROUP_NOTHING;
}

static void ask_ends(struct question *question)
{
    ask_offsets(question, has_leader, RD_KAFKA_OFFSET_SPEC_LATEST);
}

static void ask_beginnings(struct question *question)
{
    ask_offsets(question, has_no_commit, RD_KAFKA_OFFSET_SPEC_EARLIEST);
}

static bool any(const struct question *question, bool (*is_asked)(const struct group_partition *partition))
{
    for (size_t i = 0; i < question->reading.partition_count; i++)
        if (is_asked(&question->partitions[i]))
            return true;
    return false;
}

static bool has_leaders(const struct question *question)
{
    return any(question, has_leader);
}

static bool lacks_commits(const struct question *question)
{
    return any(question, has_no_commit);
}

static void set_end(struct group_partition *partition, int64_t offset)
{
    partition->end = offset;
}

static void set_beginning(struct group_partition *partition, int64_t offset)
{
    partition->beginning = offset;
}

static const char *read_offsets(struct question *question, rd_kafka_event_t *event,
                                void (*set)(struct group_partition *partition, int64_t offset))
{
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t **answers = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *answer = rd_kafka_ListOffsetsResultInfo_topic_partition(answers[i]);
        struct group_partition *partition = partition_at(question, answer->partition);
        if (partition != NULL && answer->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            set(partition, answer->offset);
    }
    return NULL;
}

static const char *read_ends(struct question *question, rd_kafka_event_t *event)
{
    return read_offsets(question, event, set_end);
}

static const char *read_beginnings(struct question *question, rd_kafka_event_t *event)
{
    return read_offsets(question, event, set_beginning);
}

/* --- the group and the cluster --- */

static void ask_group(struct question *question)
{
    rd_kafka_AdminOptions_t *options = options_for(question, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_DescribeConsumerGroups(question->reader->handle, &question->group, 1, options, question->reader->events.queue);
    rd_kafka_AdminOptions_destroy(options);
}

static const char *read_group(struct question *question, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count);
    if (count != 1)
        return "the answer names no group";
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
    bool is_missing = error != NULL && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND;
    if (error != NULL && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR && !is_missing)
        return rd_kafka_error_string(error);
    question->reading.members = is_missing ? 0 : (int64_t)rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    return NULL;
}

static void ask_cluster(struct question *question)
{
    rd_kafka_AdminOptions_t *options = options_for(question, RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER);
    rd_kafka_DescribeCluster(question->reader->handle, options, question->reader->events.queue);
    rd_kafka_AdminOptions_destroy(options);
}

static const char *read_cluster(struct question *question, rd_kafka_event_t *event)
{
    size_t count = 0;
    rd_kafka_DescribeCluster_result_nodes(rd_kafka_event_DescribeCluster_result(event), &count);
    question->reading.brokers = (int64_t)count;
    return NULL;
}

/* --- the steps --- */

static bool is_real(const struct question *question)
{
    return question->reader->target.embedded == NULL; /* the embedded cluster knows neither question */
}

const struct group_step group_steps[GROUP_STEPS] = {
    { ask_topic, read_topic, NULL },      { ask_commits, read_commits, NULL },
    { ask_ends, read_ends, has_leaders }, { ask_beginnings, read_beginnings, lacks_commits },
    { ask_group, read_group, is_real },   { ask_cluster, read_cluster, is_real },
};
