/* What becomes of a partition whose position is not in its log. The log begins later (retention), or ends before: it is another one, of
 * a topic that was made anew under the same name on a broker that tells no topic ids, or it was cut. */
#include "base/log.h"
#include "io/kafka/consumer_parts.h"

#include <inttypes.h>

static void tell_missing(struct consumer_partition *partition, int64_t to)
{
    const struct consumer *consumer = partition->consumer;
    int64_t from = partition->next;
    log_error("consumer",
              "%s: partition %" PRId32 ": its log does not have offset %" PRId64 " any more: read on from %" PRId64 ", %" PRId64
              " offsets are passed over",
              consumer->options.name, partition->number, from, to, to - from);
    consumer->options.events->on_offsets_missing(consumer->options.owner, partition->object, from, to);
}

static void tell_cut(struct consumer_partition *partition, int64_t to)
{
    const struct consumer *consumer = partition->consumer;
    const struct consumer_beginning beginning = { .offset = to, .end = -1 };
    void *object = partition->object;
    log_error("consumer", "%s: partition %" PRId32 " was at offset %" PRId64 ", which its log does not have: it is read anew from %" PRId64,
              consumer->options.name, partition->number, partition->next, to);
    consumer->options.events->on_lost(consumer->options.owner, &object, 1);
    partition->object = consumer->options.events->on_assigned(consumer->options.owner, partition, partition->number, &beginning);
}

void consumer_place_anew(struct consumer_partition *partition, int64_t to)
{
    partition->passed_before = partition_passed(partition);
    if (to > partition->next)
        tell_missing(partition, to);
    else if (to < partition->next)
        tell_cut(partition, to);
    partition->topic = partition->consumer->topic;
    partition->next = to;
    partition->moving = true;
}
