#include "base/memory.h"
#include "io/kafka/consumer_parts.h"

struct commit {
    struct list link; /* in consumer.commits */
    consumer_commit_cb done;
    void *arg;
};

static rd_kafka_topic_partition_list_t *list_of(const struct consumer *consumer, const struct consumer_commit *commits, size_t count)
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
    struct commit *commit = mem_alloc(sizeof(*commit));
    *commit = (struct commit){ .done = done, .arg = arg };
    rd_kafka_topic_partition_list_t *list = list_of(consumer, commits, count);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(consumer->handle, list, consumer->control, NULL, commit);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        mem_free(commit);
        return error_set(err, E_UNAVAILABLE, "commit of group %s: %s", consumer->options.group, client_reason(code));
    }
    list_push(&consumer->commits, &commit->link);
    return 0;
}

static void end(struct commit *commit, int code, const char *sentence)
{
    list_remove(&commit->link);
    commit->done(commit->arg, code, sentence);
    mem_free(commit);
}

/* The group is about to divide the partitions anew, or has done so: this commit came too late. */
static bool is_overtaken(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR__DESTROY:
        return true;
    default:
        return false;
    }
}

/* A refusal of one partition stands in the list only. */
static rd_kafka_resp_err_t code_of(rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; code == 0 && list != NULL && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

void commit_on_answer(struct consumer *consumer, rd_kafka_event_t *event)
{
    (void)consumer;
    struct commit *commit = rd_kafka_event_opaque(event);
    rd_kafka_resp_err_t code = code_of(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET)
        end(commit, 0, "");
    else
        end(commit, is_overtaken(code) ? E_CANCELED : E_UNAVAILABLE, client_reason(code));
}

void commit_end_all(struct consumer *consumer)
{
    list_each(link, &consumer->commits)
        end(list_entry(link, struct commit, link), E_CANCELED, "the consumer is closed");
}
