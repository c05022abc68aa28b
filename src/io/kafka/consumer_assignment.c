#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/consumer_parts.h"

/* --- what librdkafka is told --- */

static void complain(const struct consumer *consumer, const char *what, const char *reason)
{
    log_error("consumer", "%s: librdkafka refuses to %s: %s", consumer->options.name, what, reason);
}

static void check_error(const struct consumer *consumer, const char *what, rd_kafka_error_t *error)
{
    if (error == NULL)
        return;
    complain(consumer, what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void check_code(const struct consumer *consumer, const char *what, rd_kafka_resp_err_t code)
{
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        complain(consumer, what, client_reason(code));
}

/* After the group was closed: once, and under an eager assignor not at all (consumer_leave.c). */
static bool may_answer(struct consumer *consumer)
{
    if (!consumer->group_closed)
        return true;
    bool first = !consumer->answered;
    consumer->answered = true;
    return first && consumer->cooperative;
}

/* Under a cooperative assignor `partitions` are added to what is assigned; else they are all that is. */
static void assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    if (!may_answer(consumer))
        return;
    if (consumer->cooperative)
        check_error(consumer, "assign partitions", rd_kafka_incremental_assign(consumer->handle, partitions));
    else
        check_code(consumer, "assign partitions", rd_kafka_assign(consumer->handle, partitions));
}

static void unassign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    if (!may_answer(consumer))
        return;
    if (consumer->cooperative)
        check_error(consumer, "give partitions back", rd_kafka_incremental_unassign(consumer->handle, partitions));
    else
        check_code(consumer, "give partitions back", rd_kafka_assign(consumer->handle, NULL));
}

void consumer_decline(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    if (consumer->leaving && !consumer->cooperative)
        return;
    assign(consumer, partitions); /* which it takes for "none", because it is closing */
}

/* Those that are to be moved; under an eager assignor all, for it knows no other way. NULL: none is to be moved. */
static rd_kafka_topic_partition_list_t *take_moving(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    bool moving = false;
    list_each(link, &consumer->partitions) {
        struct consumer_partition *partition = list_entry(link, struct consumer_partition, link);
        if (partition->moving || !consumer->cooperative)
            rd_kafka_topic_partition_list_add(list, consumer->options.topic, partition->number)->offset = partition->next;
        moving = moving || partition->moving;
        partition->misplaced = partition->misplaced && !partition->moving;
        partition->moving = false;
    }
    if (moving)
        return list;
    rd_kafka_topic_partition_list_destroy(list);
    return NULL;
}

/* A seek is refused in this state; taking partitions away and setting them up again is the way. Not more often than each tick: to stop
 * a fetcher once more before it has stopped ends the process (librdkafka 2.14, rd_kafka_assignment_partition_stopped). And not during
 * a rebalance, for which a change of the assignment would be taken for the answer. */
void consumer_move_due(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *moving = consumer->state == CONSUMER_WORKING ? take_moving(consumer) : NULL;
    if (moving == NULL)
        return;
    if (consumer->cooperative)
        unassign(consumer, moving);
    assign(consumer, moving);
    rd_kafka_topic_partition_list_destroy(moving);
}

/* --- assigned --- */

static int64_t end_of(const rd_kafka_topic_partition_list_t *ends, const rd_kafka_topic_partition_t *entry)
{
    const rd_kafka_topic_partition_t *end = ends == NULL ? NULL : rd_kafka_topic_partition_list_find(ends, entry->topic, entry->partition);
    return end == NULL ? -1 : end->offset;
}

static void welcome(struct consumer *consumer, const rd_kafka_topic_partition_t *entry, int64_t end)
{
    struct consumer_partition *partition = partition_open(consumer, entry->partition, entry->offset);
    const struct consumer_beginning beginning = {
        .offset = entry->offset,
        .metadata = { entry->metadata, entry->metadata_size },
        .end = end,
    };
    partition->object = consumer->options.events->on_assigned(consumer->options.owner, partition, entry->partition, &beginning);
}

void consumer_assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions,
                     const rd_kafka_topic_partition_list_t *ends)
{
    membership_note(consumer);
    for (int i = 0; i < partitions->cnt; i++)
        welcome(consumer, &partitions->elems[i], end_of(ends, &partitions->elems[i]));
    consumer_divide_anew(consumer);
    if (consumer->state == CONSUMER_ASKING)
        doubt_after_asking(consumer);
    consumer->state = CONSUMER_WORKING;
    consumer->trouble = 0;
    assign(consumer, partitions);
}

static void on_assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    log_info("consumer", "%s: %d partitions of %s are assigned to us", consumer->options.name, partitions->cnt, consumer->options.topic);
    if (consumer->leaving) {
        leave_assigned(consumer, partitions);
    } else if (partitions->cnt == 0) {
        consumer_assign(consumer, partitions, NULL);
    } else {
        consumer->state = CONSUMER_ASKING;
        doubt_asking(consumer);
        lookup_commits(consumer, partitions);
    }
}

/* --- revoked and lost --- */

struct objects {
    void **items;
    size_t count;
};

static struct objects objects_of(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    struct objects objects = { .items = mem_alloc((size_t)(partitions->cnt + 1) * sizeof(void *)) };
    for (int i = 0; i < partitions->cnt; i++) {
        struct consumer_partition *partition = consumer_find(consumer, partitions->elems[i].partition);
        if (partition == NULL)
            continue;
        partition->given_back = true;
        objects.items[objects.count++] = partition->object;
    }
    return objects;
}

static void close_partitions(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        struct consumer_partition *partition = consumer_find(consumer, partitions->elems[i].partition);
        if (partition != NULL)
            partition_close(partition);
    }
}

static void settle(struct consumer *consumer)
{
    close_partitions(consumer, consumer->giving_up);
    unassign(consumer, consumer->giving_up);
    rd_kafka_topic_partition_list_destroy(consumer->giving_up);
    consumer->giving_up = NULL;
    bool stays = consumer->cooperative && !consumer->leaving && !consumer->returning;
    consumer->state = stays ? CONSUMER_WORKING : CONSUMER_JOINING;
}

void consumer_given_up(struct consumer *consumer)
{
    if (consumer->giving_up != NULL)
        settle(consumer);
}

static void tell_lost(struct consumer *consumer)
{
    struct objects objects = objects_of(consumer, consumer->giving_up);
    if (objects.count > 0)
        consumer->options.events->on_lost(consumer->options.owner, objects.items, objects.count);
    mem_free(objects.items);
    settle(consumer);
    consumer->state = CONSUMER_JOINING; /* the group has forgotten us, whatever the protocol */
    doubt_end(consumer);
}

/* While the owner still gives up what was wanted back before, it ends with both. */
static void tell_revoked(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions, bool more)
{
    struct objects objects = objects_of(consumer, partitions);
    consumer->state = CONSUMER_GIVING_UP;
    if (objects.count > 0)
        consumer->options.events->on_revoked(consumer->options.owner, objects.items, objects.count);
    else if (!more)
        settle(consumer);
    mem_free(objects.items);
}

/* More may be wanted back, or lost, before the owner has given up the first ones: the group is left, or the topic is gone. */
static void note_giving_up(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    if (consumer->giving_up == NULL)
        consumer->giving_up = rd_kafka_topic_partition_list_new(partitions->cnt);
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &partitions->elems[i];
        if (rd_kafka_topic_partition_list_find(consumer->giving_up, entry->topic, entry->partition) == NULL)
            rd_kafka_topic_partition_list_add(consumer->giving_up, entry->topic, entry->partition);
    }
}

static void on_revoke(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    bool lost = rd_kafka_assignment_lost(consumer->handle);
    log_info("consumer", "%s: %d partitions of %s are %s", consumer->options.name, partitions->cnt, consumer->options.topic,
             lost ? "lost" : "wanted back");
    if (consumer->state == CONSUMER_ASKING)
        lookup_end_all(consumer); /* librdkafka takes back only what was assigned, and an answer would come too late */
    bool more = consumer->giving_up != NULL;
    note_giving_up(consumer, partitions);
    if (lost)
        tell_lost(consumer);
    else
        tell_revoked(consumer, partitions, more);
}

void consumer_check_lost(struct consumer *consumer)
{
    if (consumer->state != CONSUMER_GIVING_UP || !rd_kafka_assignment_lost(consumer->handle))
        return;
    log_warn("consumer", "%s: the partitions that were being given back are lost", consumer->options.name);
    tell_lost(consumer);
}

void consumer_on_rebalance(struct consumer *consumer, rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t *partitions)
{
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(consumer, partitions);
    } else if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        on_revoke(consumer, partitions);
    } else {
        complain(consumer, "rebalance", client_reason(what));
        if (may_answer(consumer))
            check_code(consumer, "give partitions back", rd_kafka_assign(consumer->handle, NULL));
    }
}

void consumer_give_up_all(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(16);
    list_each(link, &consumer->partitions)
        rd_kafka_topic_partition_list_add(all, consumer->options.topic, list_entry(link, struct consumer_partition, link)->number);
    note_giving_up(consumer, all);
    tell_revoked(consumer, all, false);
    rd_kafka_topic_partition_list_destroy(all);
}

void consumer_forget_partitions(struct consumer *consumer)
{
    list_each(link, &consumer->partitions) {
        struct consumer_partition *partition = list_entry(link, struct consumer_partition, link);
        void *object = partition->object;
        consumer->options.events->on_lost(consumer->options.owner, &object, 1);
        partition_close(partition);
    }
    consumer_given_up(consumer); /* rd_kafka_destroy would wait for the answer */
    doubt_end(consumer);
}
