#include "base/clock.h"
#include "base/log.h"
#include "core/retry.h"
#include "io/kafka/consumer_parts.h"

#include <inttypes.h>

#define SECOND_US UINT64_C(1000000)

/* This long after it has joined anew, an error is the first again, not the next of a row. Longer than any pause of a rival. */
#define FORGIVEN_US (3600 * SECOND_US)

static const struct retry_policy pauses = { .base_us = SECOND_US, .max_us = 60 * SECOND_US, .jitter_us = SECOND_US };

/* Another process bears our name and has driven us out. To join is to drive it out in turn, so each time we wait longer: two
 * processes of one name soon change places a few times an hour only, and whoever looks finds the reason in both logs. */
static const struct retry_policy truce = { .base_us = 15 * SECOND_US, .max_us = 900 * SECOND_US, .jitter_us = 5 * SECOND_US };

static uint64_t pause_us(struct consumer *consumer)
{
    const struct retry_policy *policy = consumer->trouble == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ? &truce : &pauses;
    return retry_delay_us(policy, consumer->failures, &consumer->random);
}

static void on_ended(struct consumer *consumer)
{
    (void)consumer; /* the tick joins anew when the pause is over */
}

static void count_failure(struct consumer *consumer, uint64_t now_us)
{
    if (now_us > consumer->rejoin_us + FORGIVEN_US)
        consumer->failures = 0;
    consumer->failures++;
}

static void end_member(struct consumer *consumer)
{
    consumer->broken = false;
    lookup_end_all(consumer);
    consumer_forget_partitions(consumer);
    commit_end_all(consumer);
    consumer->state = CONSUMER_BROKEN;
    handle_end(consumer, on_ended);
}

void consumer_rebuild(struct consumer *consumer)
{
    uint64_t now_us = clock_us();
    consumer->trouble = rd_kafka_fatal_error(consumer->handle, NULL, 0);
    count_failure(consumer, now_us);
    uint64_t pause = pause_us(consumer);
    consumer->rejoin_us = now_us + pause;
    log_error("consumer", "%s: the client cannot go on (%s): its partitions are lost; it joins group %s anew in %" PRIu64 " s",
              consumer->options.name, client_reason(consumer->trouble), consumer->options.group, pause / SECOND_US);

    consumer->options.events->on_broken(consumer->options.owner);
    end_member(consumer);
}

void consumer_replace(struct consumer *consumer)
{
    consumer->rejoin_us = clock_us();
    end_member(consumer);
}

void consumer_rejoin(struct consumer *consumer, uint64_t now_us)
{
    struct error err;
    if (consumer->handle != NULL || now_us < consumer->rejoin_us)
        return;
    if (handle_open(consumer, &err) == 0) {
        handle_join(consumer);
        return;
    }
    log_error("consumer", "%s: %s", consumer->options.name, err.message);
    consumer->rejoin_us = now_us + pauses.max_us;
}
