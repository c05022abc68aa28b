/* Leaves the group and joins it again, so that the partitions are divided anew.
 *
 *   WORKING --unsubscribe--> (wanted back: given up in peace) --left, at a tick: subscribe--> JOINING
 *
 * The group does not hear by itself of a topic that was deleted and made anew: whoever divides it in the moment between sees no
 * partitions, and is not told that there are some again, for their number is what it was. Under the protocol `consumer` the broker
 * divides, which knows topics by their ids. */
#include "base/log.h"
#include "io/kafka/consumer_parts.h"

void consumer_return(struct consumer *consumer)
{
    if (consumer->returning || consumer->leaving)
        return;
    rd_kafka_resp_err_t code = rd_kafka_unsubscribe(consumer->handle);
    consumer->returning = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!consumer->returning)
        log_error("consumer", "%s: cannot leave group %s: %s", consumer->options.name, consumer->options.group, client_reason(code));
}

void consumer_start_over(struct consumer *consumer)
{
    log_error("consumer", "%s: topic %s was deleted and made anew: we join group %s anew, and read its partitions from their beginning",
              consumer->options.name, consumer->options.topic, consumer->options.group);
    consumer->old_group = true;
    lookup_end_all(consumer);
    consumer_forget_partitions(consumer);
    consumer->state = CONSUMER_JOINING;
    consumer_return(consumer);
}

/* While the group is just being divided, librdkafka unsubscribes later, and not at all if it is told to subscribe before. A member that has
 * left has no name any more. */
static bool has_left(const struct consumer *consumer)
{
    char *member = rd_kafka_memberid(consumer->handle);
    bool left = member == NULL || member[0] == '\0';
    rd_kafka_mem_free(consumer->handle, member);
    return left;
}

void consumer_return_due(struct consumer *consumer)
{
    if (!consumer->returning || consumer->state != CONSUMER_JOINING || !has_left(consumer))
        return;
    consumer->returning = false;
    handle_subscribe(consumer);
}
