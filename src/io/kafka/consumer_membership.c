/* What the group knows us by: the coordinator refuses the offsets of a transaction whose member it has dismissed.
 *
 * A dismissed member that joins again gets another generation, and offsets of before must not be committed with it. It does not join
 * before its owner has heard of the loss and has answered, on the loop: so what is asked for on the loop, while something is ours, is the
 * membership by which it is ours, or none. None matters: brokers take offsets of a nameless member of no generation without looking
 * (those of clients from before KIP-447). */
#include "io/kafka/consumer_parts.h"

static bool is_of_a_member(const rd_kafka_consumer_group_metadata_t *membership)
{
    const char *member = rd_kafka_consumer_group_metadata_member_id(membership);
    return rd_kafka_consumer_group_metadata_generation_id(membership) > 0 && member != NULL && member[0] != '\0';
}

/* Its thread answers at once; after the group was closed perhaps never (consumer_leave.c). */
static rd_kafka_consumer_group_metadata_t *ask(struct consumer *consumer)
{
    bool may_be_one = consumer->state != CONSUMER_BROKEN && !consumer->broken && !consumer->group_closed;
    return may_be_one && !rd_kafka_assignment_lost(consumer->handle) ? rd_kafka_consumer_group_metadata(consumer->handle) : NULL;
}

rd_kafka_consumer_group_metadata_t *consumer_membership(struct consumer *consumer, struct error *err)
{
    rd_kafka_consumer_group_metadata_t *membership = ask(consumer);
    if (membership != NULL && is_of_a_member(membership))
        return membership;
    if (membership != NULL)
        rd_kafka_consumer_group_metadata_destroy(membership);
    error_set(err, E_UNAVAILABLE, "nothing can be committed: we are no member of group %s", consumer->options.group);
    return NULL;
}
