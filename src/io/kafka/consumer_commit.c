#include "base/memory.h"
#include "io/kafka/consumer_parts.h"

struct commit {
    struct list link; /* in consumer.commits */
    consumer_commit_cb done;
    void *arg;
    size_t count;
    struct answer {
        int32_t partition;
        rd_kafka_resp_err_t code;
    } answers[];
};

rd_kafka_topic_partition_list_t *commit_list(const struct consumer *consumer, const struct consumer_commit *commits, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(list, consumer->options.topic, commits[i].partition->number);
        entry->offset = commits[i].offset;
        if (commits[i].metadata.size == 0)
            continue;
        entry->metadata = mem_strndup(commits[i].metadata.data, commits[i].metadata.size); /* librdkafka frees it */
        entry->metadata_size = commits[i].metadata.size;
    }
    return list;
}

int consumer_commit(struct consumer *consumer, const struct consumer_commit *commits, size_t count, consumer_commit_cb done, void *arg,
                    struct error *err)
{
    struct commit *commit = mem_alloc(sizeof(*commit) + count * sizeof(commit->answers[0]));
    *commit = (struct commit){ .done = done, .arg = arg, .count = count };
    for (size_t i = 0; i < count; i++)
        commit->answers[i].partition = commits[i].partition->number;
    rd_kafka_topic_partition_list_t *list = commit_list(consumer, commits, count);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(consumer->handle, list, consumer->control, NULL, commit);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        mem_free(commit);
        return error_set(err, E_UNAVAILABLE, "commit of group %s: %s", consumer->options.group, client_reason(code));
    }
    list_push(&consumer->commits, &commit->link);
    return 0;
}

int commit_meaning(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
        return 0;
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
        return E_TOO_LARGE;
    /* The group is about to divide the partitions anew, or has done so: this commit came too late. */
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR__DESTROY:
        return E_CANCELED;
    default:
        return E_UNAVAILABLE;
    }
}

static void end(struct commit *commit)
{
    int *codes = mem_alloc(commit->count * sizeof(*codes));
    const char *sentence = "";
    for (size_t i = commit->count; i-- > 0;) {
        codes[i] = commit_meaning(commit->answers[i].code);
        if (codes[i] != 0)
            sentence = client_reason(commit->answers[i].code);
    }
    list_remove(&commit->link);
    commit->done(commit->arg, codes, sentence);
    mem_free(codes);
    mem_free(commit);
}

/* Where single partitions are refused, the others are committed; else an error is about all. */
static bool has_refusal(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        if (list->elems[i].err != 0)
            return true;
    }
    return false;
}

void commit_on_answer(struct consumer *consumer, rd_kafka_event_t *event)
{
    struct commit *commit = rd_kafka_event_opaque(event);
    rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    bool single = has_refusal(list);
    for (size_t i = 0; i < commit->count; i++) {
        struct answer *answer = &commit->answers[i];
        const rd_kafka_topic_partition_t *told =
            single ? rd_kafka_topic_partition_list_find(list, consumer->options.topic, answer->partition) : NULL;
        answer->code = told != NULL ? told->err : rd_kafka_event_error(event);
    }
    end(commit);
}

void commit_end_all(struct consumer *consumer)
{
    list_each(link, &consumer->commits) {
        struct commit *commit = list_entry(link, struct commit, link);
        for (size_t i = 0; i < commit->count; i++)
            commit->answers[i].code = RD_KAFKA_RESP_ERR__DESTROY;
        end(commit);
    }
}
