/* Leaves the group for good, ends the handle on a worker thread, closes our handles.
 *
 *   joining         (the coordinator's answer is waited for) --assigned, or in vain--> as below
 *   cooperative     close the group ----------------------> (wanted back: given up in peace) --one answer--> closed
 *   eager           unsubscribe --> (wanted back: given up in peace) --answer--> close the group ----------> closed
 *   eager, static   all is given up in peace --> no farewell: the name is kept for a session
 *
 * Joining: a coordinator names whoever wishes to join, and from then on the group waits for it, up to a session; before we have read that
 * name, librdkafka (2.14) says no farewell for it. Nor is one read before the wish is answered, and that answer waits for all other
 * members. So it is waited for, as long as the others would wait for us; then it is as if we were asked where to begin. And to
 * unsubscribe (eager) with the answer in our queue would be put off, and open a rebalance after the close, which is waited for without
 * end. Static members say no farewell, and under the protocol `consumer` the wish is answered at once.
 *
 * Once the group's thread has ended, a call that waits for it may wait forever: it drops what it finds in its queue without an answer
 * (librdkafka 2.14, rd_kafka_cgrp_op_serve), and nothing tells before a call whether it is about to end. So after the close nothing is
 * asked of it but what it waits for itself.
 *
 * Cooperative: if a rebalance is open by then, or one is opened by the close, it waits for one answer, takes all back by it, and needs
 * no other, however many events are on their way: the close opens one even while another waits for its answer.
 *
 * Eager: an open rebalance is not waited for, one that is opened by the close is, and their events look alike. So no answer is given
 * after the close, and before it is seen to that the close opens none. After unsubscribing whatever is wanted back is in our queue; and
 * if nothing is, nothing will be. A rebalance that waits for our answer already is left to the close. To unsubscribe makes a static
 * member leave, which it must not; what it needs is no close, then. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/consumer_parts.h"

#define TICK_LEAVING_MS 50

/* A coordinator that does not answer our farewell is not waited for: the session's end tells it as well. */
#define FAREWELL_US (3 * UINT64_C(1000000))

/* Until a coordinator that is there has given a name to whoever wishes to join; the answer itself waits for all other members. */
#define NAMED_US UINT64_C(100000)

/* --- the end --- */

static void on_gone(void *arg)
{
    gate_leave(&((struct consumer *)arg)->gate);
}

static void on_tick_closed(uv_handle_t *handle)
{
    on_gone(handle->data);
}

/* The threads of the handle signal the wakeup: it is closed when they are gone. */
static void on_handle_ended(struct consumer *consumer)
{
    wakeup_close(&consumer->wakeup, on_gone, consumer);
}

static void on_closed(void *arg)
{
    struct consumer *consumer = arg;
    consumer->closed(consumer->closed_arg);
    client_statistics_close(consumer->statistics);
    mem_free(consumer->headers);
    mem_free(consumer->member);
    mem_free(consumer);
}

static void close_handles(struct consumer *consumer)
{
    consumer->state = CONSUMER_LEFT;
    uv_close((uv_handle_t *)&consumer->tick, on_tick_closed);
    gate_close(&consumer->gate, on_closed, consumer);
}

static void finish(struct consumer *consumer)
{
    consumer_forget_partitions(consumer);
    commit_end_all(consumer);
    handle_end(consumer, on_handle_ended);
    close_handles(consumer);
}

/* --- the farewell --- */

static bool is_farewell_over(const struct consumer *consumer)
{
    return rd_kafka_consumer_closed(consumer->handle) || consumer->broken || clock_us() > consumer->farewell_us;
}

static bool needs_no_farewell(const struct consumer *consumer)
{
    return !consumer->cooperative && consumer->options.instance != NULL;
}

/* Under an eager assignor. One of our own unsubscribing is waited for after the close too: it is answered first. */
static bool may_leave_unanswered(const struct consumer *consumer)
{
    return consumer->state == CONSUMER_ASKING || (consumer->state == CONSUMER_GIVING_UP && !consumer->returning);
}

static void close_group(struct consumer *consumer)
{
    consumer->group_closed = true;
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->handle, consumer->control);
    if (error == NULL)
        return;
    log_warn("consumer", "%s: the group cannot be left: %s", consumer->options.name, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    consumer->farewell_us = 0;
}

static void unsubscribe(struct consumer *consumer)
{
    rd_kafka_resp_err_t code = rd_kafka_unsubscribe(consumer->handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("consumer", "%s: cannot unsubscribe from %s: %s", consumer->options.name, consumer->options.topic, client_reason(code));
}

static void end_without_farewell(struct consumer *consumer)
{
    if (list_empty(&consumer->partitions))
        finish(consumer);
    else
        consumer_give_up_all(consumer);
}

/* --- the end of joining --- */

/* Asks the group's thread: only before the close. */
static bool is_joining(const struct consumer *consumer)
{
    uint64_t now_us = clock_us();
    if (consumer->state != CONSUMER_JOINING || consumer->options.protocol != CONSUMER_PROTOCOL_CLASSIC ||
        consumer->options.instance != NULL)
        return false;
    if (consumer->broken || now_us >= consumer->join_by_us)
        return false;
    return now_us < consumer->named_by_us || (client_is_connected(consumer->handle) && handle_has_name(consumer));
}

static void begin_farewell(struct consumer *consumer)
{
    consumer->ends_joining = false;
    consumer->farewell_us = clock_us() + FAREWELL_US;
    if (consumer->cooperative || may_leave_unanswered(consumer))
        close_group(consumer);
    else if (!needs_no_farewell(consumer))
        unsubscribe(consumer);
}

/* Events have been served, so what was wanted back before, or by unsubscribing, is being given up. */
void leave_go_on(struct consumer *consumer)
{
    if (is_farewell_over(consumer))
        finish(consumer);
    else if (consumer->ends_joining && is_joining(consumer))
        return;
    else if (consumer->ends_joining)
        begin_farewell(consumer);
    else if (consumer->group_closed || consumer->state == CONSUMER_GIVING_UP)
        return;
    else if (needs_no_farewell(consumer))
        end_without_farewell(consumer);
    else
        close_group(consumer);
}

static void leave_group(struct consumer *consumer, uint64_t until_us)
{
    consumer_tick_each(consumer, TICK_LEAVING_MS);
    consumer->named_by_us = clock_us() + NAMED_US;
    consumer->join_by_us = clock_us() + consumer->options.session_us;
    if (until_us < consumer->join_by_us)
        consumer->join_by_us = until_us;
    consumer->ends_joining = is_joining(consumer);
    consumer->farewell_us = UINT64_MAX;
    if (!consumer->ends_joining)
        begin_farewell(consumer);
    lookup_end_all(consumer);
    wakeup_signal(&consumer->wakeup);
}

void leave_assigned(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    if (consumer->ends_joining) {
        consumer->state = CONSUMER_ASKING; /* it waits for our answer */
        begin_farewell(consumer);
    }
    consumer_decline(consumer, partitions);
}

/* There is no handle that could leave, or it is ending already. */
static void close_broken(struct consumer *consumer)
{
    consumer->handle_ended = on_handle_ended;
    close_handles(consumer);
    if (consumer->handle == NULL)
        on_handle_ended(consumer);
}

void consumer_close(struct consumer *consumer, uint64_t until_us, void (*closed)(void *arg), void *arg)
{
    consumer->leaving = true;
    consumer->closed = closed;
    consumer->closed_arg = arg;
    if (consumer->state == CONSUMER_BROKEN)
        close_broken(consumer);
    else
        leave_group(consumer, until_us);
}
