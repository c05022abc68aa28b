#include "io/kafka/consumer_lookup.h"

#include "base/memory.h"

#include <endian.h>
#include <string.h>

/* --- commits --- */

static void copy_entry(rd_kafka_topic_partition_list_t *list, const rd_kafka_topic_partition_t *entry)
{
    rd_kafka_topic_partition_t *copy = rd_kafka_topic_partition_list_add(list, entry->topic, entry->partition);
    copy->offset = entry->offset;
    if (entry->metadata_size == 0)
        return;
    copy->metadata = mem_strndup(entry->metadata, entry->metadata_size); /* librdkafka frees it */
    copy->metadata_size = entry->metadata_size;
}

void lookup_read_commits(struct lookup *lookup, const rd_kafka_topic_partition_list_t *answer)
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

/* --- the topic --- */

static void remember_leader(struct consumer *consumer, const rd_kafka_TopicDescription_t *topic)
{
    size_t count = 0;
    const rd_kafka_TopicPartitionInfo_t **partitions = rd_kafka_TopicDescription_partitions(topic, &count);
    const rd_kafka_Node_t *node = count == 0 ? NULL : rd_kafka_TopicPartitionInfo_leader(partitions[0]);
    consumer->has_leader = node != NULL && rd_kafka_Node_id(node) >= 0;
    consumer->leader = consumer->has_leader ? rd_kafka_Node_id(node) : 0;
}

const char *lookup_read_topic(struct lookup *lookup, rd_kafka_event_t *event)
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

/* --- ends --- */

bool lookup_needs_end(const struct lookup *lookup, const rd_kafka_topic_partition_t *entry)
{
    struct text metadata = { entry->metadata, entry->metadata_size };
    return entry->offset >= 0 && commit_metadata_check(metadata, &lookup->topic, entry->offset) == METADATA_VALID;
}

static bool is_complete(const struct lookup *lookup, const rd_kafka_topic_partition_t *entry)
{
    bool ended = rd_kafka_topic_partition_list_find(lookup->ends, entry->topic, entry->partition) != NULL;
    return entry->offset >= 0 && (ended || !lookup_needs_end(lookup, entry));
}

bool lookup_is_complete(const struct lookup *lookup)
{
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        if (!is_complete(lookup, &lookup->partitions->elems[i]))
            return false;
    }
    return true;
}

static void note_end(struct lookup *lookup, const rd_kafka_topic_partition_t *answer)
{
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(lookup->partitions, answer->topic, answer->partition);
    if (entry == NULL)
        return;
    if (entry->offset < 0)
        entry->offset = answer->offset;
    else
        rd_kafka_topic_partition_list_add(lookup->ends, answer->topic, answer->partition)->offset = answer->offset;
}

const char *lookup_read_ends(struct lookup *lookup, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t **answers = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *answer = rd_kafka_ListOffsetsResultInfo_topic_partition(answers[i]);
        if (answer->err != 0)
            return client_reason(answer->err);
    }
    for (size_t i = 0; i < count; i++)
        note_end(lookup, rd_kafka_ListOffsetsResultInfo_topic_partition(answers[i]));
    return lookup_is_complete(lookup) ? NULL : "the answer leaves out partitions";
}
