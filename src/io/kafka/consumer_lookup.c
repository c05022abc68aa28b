#include "io/kafka/consumer_lookup.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/retry.h"

#include <inttypes.h>
#include <string.h>

#define CHECK_US 2000000 /* between two checks that the topic is still the same */

/* Until the tick at which it is asked again. */
static const struct retry_policy patience = { .base_us = 200000, .max_us = 5000000, .jitter_us = 500000 };

static void end(struct lookup *lookup)
{
    list_remove(&lookup->link);
    lookup_forget_commits(lookup);
    rd_kafka_topic_partition_list_destroy(lookup->partitions);
    rd_kafka_topic_partition_list_destroy(lookup->ends);
    mem_free(lookup);
}

/* The first passes by itself, mostly: the handle of a process that starts has found no broker yet. A refusal that lasts (the topic was
 * deleted) is told ever more rarely: the 2nd, 4th, 8th ... time. */
static bool is_to_be_told(unsigned refusals)
{
    return refusals > 1 && (refusals & (refusals - 1)) == 0;
}

void lookup_unanswered(struct lookup *lookup, const char *reason)
{
    struct consumer *consumer = lookup->consumer;
    if (lookup->kind == LOOKUP_CHECK || lookup->kind == LOOKUP_STABLE) {
        end(lookup); /* the next one comes soon */
        return;
    }
    uint64_t pause_us = retry_delay_us(&patience, ++lookup->refusals, &consumer->random);
    if (is_to_be_told(lookup->refusals))
        log_warn("consumer",
                 "%s: where to begin with %d partitions of %s was asked %u times in vain, and is asked again in %" PRIu64 " ms: %s",
                 consumer->options.name, lookup->partitions->cnt, consumer->options.topic, lookup->refusals, pause_us / 1000, reason);
    if (lookup->state == LOOKUP_ASKING_TOPIC)
        consumer->asks_leader = consumer->has_leader && !consumer->asks_leader;
    lookup->state = LOOKUP_UNANSWERED;
    lookup->again_us = clock_us() + pause_us;
}

/* --- the end of a lookup --- */

static bool is_same(const struct topic_id *a, const struct topic_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool is_known(const struct topic_id *topic)
{
    static const struct topic_id none;
    return !is_same(topic, &none);
}

/* A rebalance may have told some partitions the new topic, while others are still of the old one. */
static bool is_another(const struct consumer *consumer, const struct topic_id *topic)
{
    list_each(link, &consumer->partitions) {
        if (!is_same(topic, &list_entry(link, struct consumer_partition, link)->topic))
            return true;
    }
    return is_known(&consumer->topic) && !is_same(topic, &consumer->topic);
}

/* If the topic that it was told is not the one that is worked; ends the lookup then. */
static bool start_over(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    bool another = is_another(consumer, &lookup->topic);
    consumer->topic = lookup->topic;
    if (!another || consumer->options.protocol == CONSUMER_PROTOCOL_CONSUMER)
        return false;
    end(lookup);
    consumer_start_over(consumer);
    return true;
}

static void finish_reset(struct lookup *lookup)
{
    struct consumer *consumer = lookup->consumer;
    const rd_kafka_topic_partition_t *entry = &lookup->partitions->elems[0];
    struct consumer_partition *partition = consumer_find(consumer, entry->partition);
    if (partition == NULL || !partition->misplaced || partition->given_back) {
        end(lookup);
    } else if (consumer->state != CONSUMER_WORKING) {
        /* A change of the assignment would be taken for the answer to the rebalance that is going on. */
        lookup->partitions->elems[0].offset = RD_KAFKA_OFFSET_INVALID;
        lookup->state = LOOKUP_UNANSWERED;
    } else if (!start_over(lookup)) {
        consumer_place_anew(partition, entry->offset);
        end(lookup);
    }
}

static void finish_check(struct lookup *lookup)
{
    if (lookup->consumer->state != CONSUMER_WORKING || !start_over(lookup))
        end(lookup);
}

static void finish_stable(struct lookup *lookup)
{
    for (int i = 0; i < lookup->partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &lookup->partitions->elems[i];
        struct consumer_partition *partition = consumer_find(lookup->consumer, entry->partition);
        if (partition != NULL)
            partition->stable = entry->offset;
    }
    end(lookup);
}

static void finish_assignment(struct lookup *lookup)
{
    lookup->consumer->topic = lookup->topic;
    consumer_assign(lookup->consumer, lookup->partitions, lookup->ends);
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

static void (*const finish[])(struct lookup *lookup) = {
    [LOOKUP_ASSIGNMENT] = finish_assignment,
    [LOOKUP_RESET] = finish_reset,
    [LOOKUP_CHECK] = finish_check,
    [LOOKUP_STABLE] = finish_stable,
};

static void proceed(struct lookup *lookup)
{
    if (lookup->state == LOOKUP_ASKING_TOPIC)
        disown_commits(lookup);
    if (lookup->state == LOOKUP_ASKING_COMMITS)
        lookup_ask_topic(lookup);
    else if (!lookup_is_complete(lookup))
        lookup_ask_ends(lookup);
    else
        finish[lookup->kind](lookup);
}

/* --- answers --- */

static const struct {
    rd_kafka_event_type_t type;
    const char *(*read)(struct lookup *lookup, rd_kafka_event_t *event);
} answers[] = {
    [LOOKUP_ASKING_TOPIC] = { RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, lookup_read_topic },
    [LOOKUP_ASKING_ENDS] = { RD_KAFKA_EVENT_LISTOFFSETS_RESULT, lookup_read_ends },
};

void lookup_on_commits(struct lookup *lookup, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *answer)
{
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        lookup_unanswered(lookup, client_reason(code));
        return;
    }
    lookup_read_commits(lookup, answer);
    proceed(lookup);
}

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
        lookup_unanswered(lookup, refusal);
    else
        proceed(lookup);
}

/* --- questions --- */

static struct lookup *begin(struct consumer *consumer, enum lookup_kind kind, const rd_kafka_topic_partition_list_t *partitions)
{
    struct lookup *lookup = mem_alloc(sizeof(*lookup));
    *lookup = (struct lookup){ .consumer = consumer, .kind = kind, .is_old_group = consumer->old_group };
    lookup->partitions = rd_kafka_topic_partition_list_copy(partitions);
    lookup->ends = rd_kafka_topic_partition_list_new(0);
    list_push(&consumer->lookups, &lookup->link);
    return lookup;
}

void lookup_commits(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    lookup_ask_commits(begin(consumer, LOOKUP_ASSIGNMENT, partitions));
}

void lookup_reset(struct consumer_partition *partition)
{
    struct consumer *consumer = partition->consumer;
    if (partition->misplaced)
        return;
    partition->misplaced = true;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, consumer->options.topic, partition->number);
    lookup_ask_topic(begin(consumer, LOOKUP_RESET, one));
    rd_kafka_topic_partition_list_destroy(one);
}

static void check_topic(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    lookup_ask_topic(begin(consumer, LOOKUP_CHECK, none));
    rd_kafka_topic_partition_list_destroy(none);
}

/* All that came was taken, and the log goes on. */
static bool stands(const struct consumer_partition *partition)
{
    struct consumer_position position;
    consumer_position(partition, &position);
    return position.prefetched == 0 && position.next < position.end;
}

static void check_standing(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *standing = rd_kafka_topic_partition_list_new(0);
    list_each(link, &consumer->partitions) {
        struct consumer_partition *partition = list_entry(link, struct consumer_partition, link);
        if (stands(partition))
            rd_kafka_topic_partition_list_add(standing, consumer->options.topic, partition->number);
        else
            partition->stable = -1;
    }
    if (standing->cnt > 0)
        lookup_ask_ends(begin(consumer, LOOKUP_STABLE, standing));
    rd_kafka_topic_partition_list_destroy(standing);
}

void lookup_check(struct consumer *consumer)
{
    uint64_t now_us = clock_us();
    if (consumer->state != CONSUMER_WORKING || !list_empty(&consumer->lookups) || now_us < consumer->checked_us + CHECK_US)
        return;
    consumer->checked_us = now_us;
    check_topic(consumer);
    check_standing(consumer);
}

void lookup_again(struct consumer *consumer)
{
    list_each(link, &consumer->lookups) {
        struct lookup *lookup = list_entry(link, struct lookup, link);
        if (lookup->state != LOOKUP_UNANSWERED || clock_us() < lookup->again_us)
            continue;
        if (lookup->kind == LOOKUP_ASSIGNMENT)
            lookup_ask_commits(lookup);
        else
            lookup_ask_topic(lookup);
    }
}

void lookup_end_all(struct consumer *consumer)
{
    list_each(link, &consumer->lookups) {
        struct lookup *lookup = list_entry(link, struct lookup, link);
        if (lookup->kind == LOOKUP_ASSIGNMENT)
            consumer_decline(consumer, lookup->partitions);
        end(lookup);
    }
}
