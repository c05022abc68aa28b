/* Leaves the group and joins it again, so that the partitions are divided anew.
 *
 *   WORKING --unsubscribe--> (wanted back: given up in peace) --left, at a tick: subscribe--> JOINING
 *                                                             \ led by the broker, after a while: a new handle
 *
 * The group does not hear by itself of a topic that was deleted and made anew: whoever divides it in the moment between sees no
 * partitions, and is not told that there are some again, for their number is what it was. Under the protocol `consumer` the broker
 * divides, which knows topics by their ids; who reads anew returns to it, too. It would wait for one that has gone without a word. */
#include "base/clock.h"
#include "base/log.h"
#include "io/kafka/consumer_parts.h"

#define FAREWELL_US UINT64_C(500000)

void consumer_return(struct consumer *consumer)
{
    if (consumer->returning || consumer->leaving)
        return;
    rd_kafka_resp_err_t code = rd_kafka_unsubscribe(consumer->handle);
    consumer->returning = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    consumer->returning_us = clock_us();
    if (!consumer->returning)
        log_error("consumer", "%s: cannot leave group %s: %s", consumer->options.name, consumer->options.group, client_reason(code));
}

static void lose_all(struct consumer *consumer)
{
    lookup_end_all(consumer);
    consumer_forget_partitions(consumer);
    consumer->state = CONSUMER_JOINING;
    consumer_return(consumer);
}

void consumer_start_over(struct consumer *consumer)
{
    log_error("consumer", "%s: topic %s was deleted and made anew: we join group %s anew, and read its partitions from their beginning",
              consumer->options.name, consumer->options.topic, consumer->options.group);
    consumer->old_group = true;
    lose_all(consumer);
}

void consumer_read_anew(struct consumer *consumer, const char *why)
{
    if (consumer->state == CONSUMER_BROKEN || consumer->leaving)
        return;
    log_warn("consumer", "%s: %s: we join group %s anew, and read from where it stands", consumer->options.name, why,
             consumer->options.group);
    lose_all(consumer);
}

/* Whom the broker leads keeps its name, so nothing tells whether it has left: it is given time to say so, and then another joins. */
static void return_as_another(struct consumer *consumer)
{
    if (clock_us() < consumer->returning_us + FAREWELL_US)
        return;
    consumer->returning = false;
    consumer_replace(consumer);
}

/* While the group is just being divided, librdkafka unsubscribes later, and not at all if it is told to subscribe before. A member that has
 * left has no name any more. */
void consumer_return_due(struct consumer *consumer)
{
    if (!consumer->returning || consumer->state != CONSUMER_JOINING)
        return;
    if (consumer->options.protocol == CONSUMER_PROTOCOL_CONSUMER) {
        return_as_another(consumer);
    } else if (!handle_has_name(consumer)) {
        consumer->returning = false;
        handle_subscribe(consumer);
    }
}
