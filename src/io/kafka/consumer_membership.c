/* What the group knows us by: the coordinator refuses the offsets of a transaction whose member it has dismissed.
 *
 * A dismissed member that joins again gets another generation, and offsets of before must not be committed with it. It does not join
 * before its owner has heard of the loss and has answered, on the loop: so what is asked for on the loop, while something is ours, is the
 * membership by which it is ours, or none. None matters: brokers take offsets of a nameless member of no generation without looking
 * (those of clients from before KIP-447).
 *
 * One loss is not told: a static member whose session ended while it waited for the group to be divided joins as another, and
 * librdkafka goes on with what the first one had (2.14, rd_kafka_cgrp_revoke_all_rejoin_maybe). So its name must be the one that it was
 * given them by. */
#include "io/kafka/consumer_parts.h"

#include "base/memory.h"

void membership_note(struct consumer *consumer)
{
    if (!list_empty(&consumer->partitions))
        return;
    char *member = rd_kafka_memberid(consumer->handle);
    mem_free(consumer->member);
    consumer->member = mem_strdup(member == NULL ? "" : member);
    consumer->replaced = false;
    rd_kafka_mem_free(consumer->handle, member);
}

void membership_check(struct consumer *consumer)
{
    if (!consumer->replaced)
        return;
    consumer->replaced = false;
    consumer_read_anew(consumer, "the group has taken us for another member since its partitions are ours");
}

static bool is_of_a_member(const rd_kafka_consumer_group_metadata_t *membership)
{
    const char *member = rd_kafka_consumer_group_metadata_member_id(membership);
    return rd_kafka_consumer_group_metadata_generation_id(membership) > 0 && member != NULL && member[0] != '\0';
}

static bool is_the_same(struct consumer *consumer, const rd_kafka_consumer_group_metadata_t *membership)
{
    const char *member = rd_kafka_consumer_group_metadata_member_id(membership);
    consumer->replaced = consumer->member != NULL && strcmp(consumer->member, member) != 0;
    return !consumer->replaced;
}

/* Its thread answers at once; after the group was closed perhaps never (consumer_leave.c). */
static rd_kafka_consumer_group_metadata_t *ask(struct consumer *consumer)
{
    bool may_be_one = consumer->state != CONSUMER_BROKEN && !consumer->broken && !consumer->group_closed;
    return may_be_one ? rd_kafka_consumer_group_metadata(consumer->handle) : NULL;
}

/* The loss is looked for last: it is told before there is another membership. */
static bool is_ours(struct consumer *consumer, const rd_kafka_consumer_group_metadata_t *membership)
{
    return is_of_a_member(membership) && is_the_same(consumer, membership) && !rd_kafka_assignment_lost(consumer->handle);
}

rd_kafka_consumer_group_metadata_t *consumer_membership(struct consumer *consumer, struct error *err)
{
    rd_kafka_consumer_group_metadata_t *membership = ask(consumer);
    if (membership != NULL && is_ours(consumer, membership))
        return membership;
    if (membership != NULL)
        rd_kafka_consumer_group_metadata_destroy(membership);
    error_set(err, E_UNAVAILABLE, "nothing can be committed: we are no member of group %s", consumer->options.group);
    return NULL;
}
