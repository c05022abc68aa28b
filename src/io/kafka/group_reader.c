#include "io/kafka/group_reader.h"

#include "base/list.h"
#include "base/memory.h"
#include "io/kafka/client.h"
#include "io/kafka/embedded.h"
#include "io/kafka/event_queue.h"

#define ANSWER_WAIT_MS 5000

struct group_reader {
    uv_loop_t *loop;
    struct client_target target;
    rd_kafka_t *handle;
    struct event_queue events;
    struct list questions;
    void (*closed)(void *arg);
    void *closed_arg;
};

struct question {
    struct list link;
    struct group_reader *reader;
    const char *group;
    const char *topic;
    size_t step;
    struct group_partition *partitions;
    struct group_reading reading;
    group_reading_cb done;
    void *arg;
};

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

/* --- a question, step by step --- */

static bool is_real(const struct question *question)
{
    return question->reader->target.embedded == NULL; /* the embedded cluster knows neither question */
}

static const struct step {
    void (*ask)(struct question *question);
    const char *(*read)(struct question *question, rd_kafka_event_t *event); /* NULL, or why it is no answer */
    bool (*is_needed)(const struct question *question);                      /* NULL: always */
} steps[] = {
    { ask_topic, read_topic, NULL },      { ask_commits, read_commits, NULL },
    { ask_ends, read_ends, has_leaders }, { ask_beginnings, read_beginnings, lacks_commits },
    { ask_group, read_group, is_real },   { ask_cluster, read_cluster, is_real },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void end(struct question *question, const struct error *err)
{
    list_remove(&question->link);
    question->done(question->arg, err == NULL ? &question->reading : NULL, err);
    mem_free(question->partitions);
    mem_free(question);
}

static void next_step(struct question *question)
{
    question->step++;
    while (question->step < STEPS && steps[question->step].is_needed != NULL && !steps[question->step].is_needed(question))
        question->step++;
    if (question->step < STEPS)
        steps[question->step].ask(question);
    else
        end(question, NULL);
}

static void on_answer(struct question *question, rd_kafka_event_t *event)
{
    const char *refusal = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_event_error_string(event)
                                                                                    : steps[question->step].read(question, event);
    if (refusal == NULL) {
        next_step(question);
        return;
    }
    struct error err;
    error_set(&err, E_UNAVAILABLE, "group %s in topic %s could not be asked: %s", question->group, question->topic, refusal);
    end(question, &err);
}

static void on_event(void *arg, rd_kafka_event_t *event)
{
    struct group_reader *reader = arg;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
        client_on_error(reader->handle, event);
    else if (rd_kafka_event_opaque(event) != NULL)
        on_answer(rd_kafka_event_opaque(event), event);
}

int group_reader_ask(struct group_reader *reader, const char *group, const char *topic, group_reading_cb done, void *arg, struct error *err)
{
    /* A question to a broker that is gone would make librdkafka connect without a pause: topics_answers.c tells. */
    if (!client_is_connected(reader->handle))
        return error_set(err, E_UNAVAILABLE, "group %s in topic %s could not be asked: no connection to %s", group, topic,
                         client_brokers(&reader->target));
    struct question *question = mem_alloc(sizeof(*question));
    *question = (struct question){ .reader = reader, .group = group, .topic = topic, .done = done, .arg = arg };
    question->reading.members = question->reading.brokers = GROUP_NOTHING;
    list_push(&reader->questions, &question->link);
    steps[0].ask(question);
    return 0;
}

/* --- the reader --- */

/* A consumer that never subscribes, so it joins nothing. A producer would be lighter, but librdkafka (2.14) then crashes when the answer
 * to a question for commits is that the coordinator has moved: it looks for the handle's own group. */
static int open_handle(struct group_reader *reader, const char *group, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(&reader->target, "watch", err);
    if (conf == NULL)
        return E_INVALID;
    if (client_set(conf, err, "group.id", "%s", group) != 0) {
        rd_kafka_conf_destroy(conf);
        return E_INVALID;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
    reader->handle = client_open(RD_KAFKA_CONSUMER, conf, err);
    return reader->handle == NULL ? E_INVALID : 0;
}

struct group_reader *group_reader_open(uv_loop_t *loop, const struct client_target *target, const char *group, struct error *err)
{
    struct group_reader *reader = mem_alloc(sizeof(*reader));
    *reader = (struct group_reader){ .loop = loop, .target = *target };
    list_init(&reader->questions);
    if (open_handle(reader, group, err) != 0)
        goto fail;
    int rc = event_queue_open(&reader->events, reader->handle, loop, on_event, reader);
    if (rc == 0)
        return reader;
    error_set(err, E_IO, "watch: no wakeup: %s", uv_strerror(rc));
    rd_kafka_destroy(reader->handle);
fail:
    mem_free(reader);
    return NULL;
}

static void on_handle_closed(void *arg)
{
    struct group_reader *reader = arg;
    reader->closed(reader->closed_arg);
    mem_free(reader);
}

static void on_events_closed(void *arg)
{
    struct group_reader *reader = arg;
    struct error err;
    error_set(&err, E_CANCELED, "the watch ends");
    list_each(link, &reader->questions)
        end(list_entry(link, struct question, link), &err);
    client_close(reader->handle, reader->loop, on_handle_closed, reader);
}

void group_reader_close(struct group_reader *reader, void (*closed)(void *arg), void *arg)
{
    reader->closed = closed;
    reader->closed_arg = arg;
    event_queue_close(&reader->events, on_events_closed, reader);
}
