#include "io/kafka/group_question.h"

#include "base/list.h"
#include "base/memory.h"
#include "io/kafka/client.h"
#include "io/kafka/embedded.h"

#include <string.h>

#define ANSWER_WAIT_MS 5000
#define BLOCKED_MS     1000 /* of a question on a worker thread, which a closing reader waits for */

static rd_kafka_AdminOptions_t *options_for(struct group_reader *reader, rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(reader->handle, operation);
    rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_WAIT_MS, NULL, 0);
    return options;
}

/* --- the topic --- */

static void ask_topic(struct group_reader *reader)
{
    rd_kafka_AdminOptions_t *options = options_for(reader, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    if (reader->target.embedded != NULL) /* which has no controller to ask */
        rd_kafka_AdminOptions_set_broker(options, EMBEDDED_BROKER, NULL, 0);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&reader->topic, 1);
    rd_kafka_DescribeTopics(reader->handle, topics, options, reader->events.queue);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
}

static const char *read_topic(struct group_reader *reader, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_TopicDescription_t **topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    if (count != 1)
        return "the answer names no topic";
    const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(topics[0]);
    if (error != NULL && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_error_string(error);

    const rd_kafka_TopicPartitionInfo_t **partitions = rd_kafka_TopicDescription_partitions(topics[0], &count);
    reader->partitions = mem_zalloc((count + 1) * sizeof(*reader->partitions));
    reader->reading.partitions = reader->partitions;
    reader->reading.partition_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t replicas, in_sync, number = (size_t)rd_kafka_TopicPartitionInfo_partition(partitions[i]);
        if (number >= count)
            return "the answer leaves out partitions";
        rd_kafka_TopicPartitionInfo_replicas(partitions[i], &replicas);
        rd_kafka_TopicPartitionInfo_isr(partitions[i], &in_sync);
        const rd_kafka_Node_t *leader = rd_kafka_TopicPartitionInfo_leader(partitions[i]);
        reader->partitions[number] = (struct group_partition){
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

static rd_kafka_topic_partition_list_t *every_partition(const struct group_reader *reader)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)reader->reading.partition_count);
    for (size_t i = 0; i < reader->reading.partition_count; i++)
        rd_kafka_topic_partition_list_add(list, reader->topic, (int32_t)i);
    return list;
}

static void on_committed(struct committed *committed);

static void ask_commits(struct group_reader *reader)
{
    reader->blocked = true;
    committed_ask(&reader->committed, reader->loop, reader->handle, every_partition(reader), BLOCKED_MS, on_committed);
}

static struct group_partition *partition_at(struct group_reader *reader, int32_t number)
{
    bool is_known = number >= 0 && (size_t)number < reader->reading.partition_count;
    return is_known ? &reader->partitions[number] : NULL;
}

static void take_commits(struct group_reader *reader, const rd_kafka_topic_partition_list_t *answer)
{
    for (int i = 0; i < answer->cnt; i++) {
        struct group_partition *partition = partition_at(reader, answer->elems[i].partition);
        if (partition != NULL && answer->elems[i].offset >= 0)
            partition->committed = answer->elems[i].offset;
    }
}

static void on_committed(struct committed *committed)
{
    struct group_reader *reader = list_entry(committed, struct group_reader, committed);
    const char *refusal = committed->code == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : client_reason(committed->code);
    if (refusal == NULL)
        take_commits(reader, committed->partitions);
    rd_kafka_topic_partition_list_destroy(committed->partitions);
    group_step_ended(reader, refusal);
}

/* --- the log's ends and beginnings --- */

static void ask_offsets(struct group_reader *reader, bool (*is_asked)(const struct group_partition *partition), int64_t which)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)reader->reading.partition_count);
    for (size_t i = 0; i < reader->reading.partition_count; i++)
        if (is_asked(&reader->partitions[i]))
            rd_kafka_topic_partition_list_add(list, reader->topic, (int32_t)i)->offset = which;
    rd_kafka_AdminOptions_t *options = options_for(reader, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
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

static void ask_ends(struct group_reader *reader)
{
    ask_offsets(reader, has_leader, RD_KAFKA_OFFSET_SPEC_LATEST);
}

static void ask_beginnings(struct group_reader *reader)
{
    ask_offsets(reader, has_no_commit, RD_KAFKA_OFFSET_SPEC_EARLIEST);
}

static bool any(const struct group_reader *reader, bool (*is_asked)(const struct group_partition *partition))
{
    for (size_t i = 0; i < reader->reading.partition_count; i++)
        if (is_asked(&reader->partitions[i]))
            return true;
    return false;
}

static bool has_leaders(const struct group_reader *reader)
{
    return any(reader, has_leader);
}

static bool lacks_commits(const struct group_reader *reader)
{
    return any(reader, has_no_commit);
}

static void set_end(struct group_partition *partition, int64_t offset)
{
    partition->end = offset;
}

static void set_beginning(struct group_partition *partition, int64_t offset)
{
    partition->beginning = offset;
}

static const char *read_offsets(struct group_reader *reader, rd_kafka_event_t *event,
                                void (*set)(struct group_partition *partition, int64_t offset))
{
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t **answers = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *answer = rd_kafka_ListOffsetsResultInfo_topic_partition(answers[i]);
        struct group_partition *partition = partition_at(reader, answer->partition);
        if (partition != NULL && answer->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            set(partition, answer->offset);
    }
    return NULL;
}

static const char *read_ends(struct group_reader *reader, rd_kafka_event_t *event)
{
    return read_offsets(reader, event, set_end);
}

static const char *read_beginnings(struct group_reader *reader, rd_kafka_event_t *event)
{
    return read_offsets(reader, event, set_beginning);
}

/* --- the group and the cluster --- */

/* On a worker thread. Members that the broker leads (KIP-848) are no members of this old question: it finds the group dead. The admin
 * request DescribeConsumerGroups knows them, but may end the process (committed.h). */
static void list_members(struct group_reader *reader)
{
    const struct rd_kafka_group_list *list = NULL;
    reader->members = GROUP_NOTHING;
    rd_kafka_list_groups(reader->handle, reader->group, &list, BLOCKED_MS); /* from some brokers is enough */
    if (list == NULL)
        return;
    if (list->group_cnt == 1 && strcmp(list->groups[0].state, "Dead") != 0)
        reader->members = list->groups[0].member_cnt;
    rd_kafka_group_list_destroy(list);
}

/* On a worker thread. The admin request DescribeCluster would be answered by an event, but ends the process where a broker that was fenced
 * for a moment tells of a cluster without brokers (librdkafka 2.14, an assertion in rd_kafka_admin_response_parse). */
static void count_brokers(struct group_reader *reader)
{
    const struct rd_kafka_metadata *cluster = NULL;
    reader->brokers = GROUP_NOTHING;
    if (rd_kafka_metadata(reader->handle, 0, NULL, &cluster, BLOCKED_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    reader->brokers = cluster->broker_cnt;
    rd_kafka_metadata_destroy(cluster);
}

static void count(uv_work_t *work)
{
    struct group_reader *reader = work->data;
    list_members(reader);
    count_brokers(reader);
}

static void on_counted(uv_work_t *work, int status)
{
    struct group_reader *reader = work->data;
    (void)status; /* nobody cancels it */
    reader->reading.members = reader->members;
    reader->reading.brokers = reader->brokers;
    group_step_ended(reader, NULL);
}

static void ask_counts(struct group_reader *reader)
{
    reader->blocked = true;
    reader->counting.data = reader;
    uv_queue_work(reader->loop, &reader->counting, count, on_counted);
}

static bool is_real(const struct group_reader *reader)
{
    return reader->target.embedded == NULL; /* the embedded cluster knows neither question */
}

const struct group_step group_steps[GROUP_STEPS] = {
    { ask_topic, read_topic, NULL },      { ask_commits, NULL, NULL },
    { ask_ends, read_ends, has_leaders }, { ask_beginnings, read_beginnings, lacks_commits },
    { ask_counts, NULL, is_real },
};
