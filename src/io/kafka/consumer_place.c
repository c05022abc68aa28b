/* What becomes of a partition whose position is not in its log. The log begins later (retention), or it is another one: of a topic
 * that was made anew under the same name. Brokers that tell no topic ids leave only that it ends before. */
#include "base/log.h"
#include "io/kafka/consumer_parts.h"

#include <inttypes.h>
#include <string.h>

static bool is_same_topic(const struct topic_id *a, const struct topic_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void consumer_place_anew(struct consumer_partition *partition, int64_t to)
{
    struct consumer *consumer = partition->consumer;
    const struct consumer_events *events = consumer->options.events;
    int64_t from = partition->next;
    bool same = is_same_topic(&partition->topic, &consumer->topic);
    partition->misplaced = false;
    partition->topic = consumer->topic;
    if (same && to > from) {
        log_error("consumer",
                  "%s: partition %" PRId32 ": its log does not have offset %" PRId64 " any more: read on from %" PRId64 ", %" PRId64
                  " offsets are passed over",
                  consumer->options.name, partition->number, from, to, to - from);
        events->on_offsets_missing(consumer->options.owner, partition->object, from, to);
    } else if (!same || to < from) {
        log_error("consumer",
                  "%s: partition %" PRId32 " was at offset %" PRId64 ", which its log does not have: it is read anew from %" PRId64,
                  consumer->options.name, partition->number, from, to);
        void *object = partition->object;
        events->on_lost(consumer->options.owner, &object, 1);
        partition->object = events->on_assigned(consumer->options.owner, partition, partition->number, to, TEXT_NONE);
    }
    consumer_move(consumer, partition, to);
}
