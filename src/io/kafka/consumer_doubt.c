/* Whether the partitions are still ours, after this process stood still (SIGSTOP, a machine that was suspended or had no processor).
 *
 *   SURE --stood still for half a session--> IN DOUBT --a commit that was sent since then is acknowledged--> SURE
 *                                                \-----the partitions are lost--------------------------------> SURE
 *
 * The same after a question where to begin that took as long: librdkafka tells no loss while it waits for an assignment.
 *
 * librdkafka's threads stood still too, and learn a moment later that the session is over: until then it looks as if all were well.
 * Half a session, because the last heartbeat that the group has seen may be that old already. A doubt costs one commit.
 * What no clock of this machine counts (a virtual machine that was paused from outside) is learnt from the group's refusals only. */
#include "base/log.h"
#include "io/kafka/consumer_parts.h"

#include <inttypes.h>
#include <time.h>

#define PATIENCE_MIN_US (2 * CONSUMER_TICK_MS * UINT64_C(1000))

/* The broker's session is not known to us: its heartbeat is 5 s as it comes, so half of any usual session is longer. */
#define PATIENCE_CONSUMER_US UINT64_C(5000000)

/* Unlike clock_us it goes on while the machine is suspended. */
static uint64_t time_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static uint64_t patience_us(const struct consumer *consumer)
{
    if (consumer->options.protocol == CONSUMER_PROTOCOL_CONSUMER)
        return PATIENCE_CONSUMER_US;
    uint64_t half_us = consumer->options.session_us / 2;
    return half_us < PATIENCE_MIN_US ? PATIENCE_MIN_US : half_us;
}

/* Answers to what was sent before tell nothing; they come first. */
static void begin_doubt(struct consumer *consumer, const char *what, uint64_t took_us)
{
    log_warn("consumer", "%s: %s for %" PRIu64 " ms; nothing is begun until group %s has answered that we are in it",
             consumer->options.name, what, took_us / 1000, consumer->options.group);
    consumer->in_doubt = true;
    consumer->stale_answers = 0;
    list_each(link, &consumer->commits)
        consumer->stale_answers++;
    consumer->options.events->on_doubt(consumer->options.owner);
}

void consumer_look_up(struct consumer *consumer)
{
    uint64_t now_us = time_us();
    uint64_t still_us = now_us - consumer->looked_us;
    bool stood_still = consumer->looked_us > 0 && still_us > patience_us(consumer);
    consumer->looked_us = now_us;
    if (stood_still && !consumer->leaving && consumer->state != CONSUMER_BROKEN)
        begin_doubt(consumer, "this process stood still", still_us);
}

void doubt_after_asking(struct consumer *consumer)
{
    uint64_t took_us = time_us() - consumer->asking_us;
    if (took_us > patience_us(consumer))
        begin_doubt(consumer, "it was asked where to begin", took_us);
}

void doubt_asking(struct consumer *consumer)
{
    consumer->asking_us = time_us();
}

void doubt_again(struct consumer *consumer)
{
    if (consumer->in_doubt && !consumer->leaving)
        consumer->options.events->on_doubt(consumer->options.owner);
}

void doubt_end(struct consumer *consumer)
{
    if (!consumer->in_doubt)
        return;
    consumer->in_doubt = false;
    consumer->options.events->on_sure(consumer->options.owner);
}

static bool is_acknowledged(rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    return rd_kafka_event_error(event) == 0 && list != NULL && list->cnt > 0 && list->elems[0].err == 0;
}

void consumer_vouch(struct consumer *consumer)
{
    if (!consumer->in_doubt)
        return;
    log_info("consumer", "%s: we are still in group %s", consumer->options.name, consumer->options.group);
    doubt_end(consumer);
}

void doubt_on_commit(struct consumer *consumer, rd_kafka_event_t *event)
{
    if (!consumer->in_doubt)
        return;
    if (consumer->stale_answers > 0) {
        consumer->stale_answers--;
        return;
    }
    if (is_acknowledged(event))
        consumer_vouch(consumer);
}
