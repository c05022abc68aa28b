#include "io/kafka/consumer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/consumer_parts.h"

#include <string.h>

/* --- events --- */

static void on_error(struct consumer *consumer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (client_on_error(consumer->handle, event)) {
        consumer->broken = true;
        return;
    }
    if (code == consumer->trouble)
        return;
    consumer->trouble = code;
    log_warn("consumer", "%s: %s", consumer->options.name, rd_kafka_event_error_string(event));
}

static void on_event(struct consumer *consumer, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        consumer_on_rebalance(consumer, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event));
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        doubt_on_commit(consumer, event);
        commit_on_answer(consumer, event);
        break;
    case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
    case RD_KAFKA_EVENT_LISTOFFSETS_RESULT:
        lookup_on_answer(consumer, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        client_statistics_read(consumer->statistics, text_of(rd_kafka_event_stats(event)));
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(consumer, event);
        break;
    default:
        break;
    }
}

static void serve_control(struct consumer *consumer)
{
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(consumer->control, 0)) != NULL) {
        on_event(consumer, event);
        rd_kafka_event_destroy(event);
    }
}

static void serve_partitions(struct consumer *consumer)
{
    list_each(link, &consumer->partitions) {
        struct consumer_partition *partition = list_entry(link, struct consumer_partition, link);
        if (atomic_exchange(&partition->signalled, false) && !partition->given_back)
            consumer->options.events->on_ready(consumer->options.owner, partition->object);
    }
}

static void serve(struct consumer *consumer)
{
    if (consumer->control == NULL)
        return; /* a last wakeup, while the handle ends */
    serve_control(consumer);
    serve_partitions(consumer);
    if (consumer->leaving)
        leave_go_on(consumer);
    else if (consumer->broken)
        consumer_rebuild(consumer);
}

/* Whatever is logged by what comes of a wakeup or a tick is about this. */
struct about {
    struct log_scope scope;
    struct log_field fields[3];
};

static void begin_about(struct about *about, const struct consumer *consumer)
{
    about->fields[0] = log_text("millrace.stream", text_of(consumer->options.name));
    about->fields[1] = log_text("messaging.destination.name", text_of(consumer->options.topic));
    about->fields[2] = log_text("messaging.consumer.group.name", text_of(consumer->options.group));
    about->scope = (struct log_scope){ .fields = about->fields, .field_count = 3 };
    log_scope_begin(&about->scope);
}

static void on_wakeup(void *arg)
{
    struct consumer *consumer = arg;
    struct about about;
    atomic_store(&consumer->awake, false); /* first: what is signalled from here on wakes us again */
    begin_about(&about, consumer);
    consumer_look_up(consumer);
    serve(consumer);
    log_scope_end();
}

/* Some of it asks the group, which whoever leaves must not (consumer_leave.c). */
static void look_after(struct consumer *consumer)
{
    membership_check(consumer);
    lookup_check(consumer);
    consumer_move_due(consumer);
    if (consumer->state == CONSUMER_WORKING)
        consumer->settled_us = clock_us();
    lookup_again(consumer);
    consumer_return_due(consumer); /* last: the handle may end by it */
}

/* Under the protocol `consumer` librdkafka tells no loss while it hears of no coordinator. */
static bool seems_forgotten(const struct consumer *consumer)
{
    return consumer->state != CONSUMER_WORKING || consumer->unconnected;
}

static void tick(struct consumer *consumer)
{
    if (consumer->state == CONSUMER_BROKEN) {
        consumer_rejoin(consumer, clock_us());
        return;
    }
    doubt_again(consumer);
    consumer_look_up(consumer);
    consumer_check_lost(consumer);
    if (!consumer->leaving)
        look_after(consumer);
    if (consumer->state == CONSUMER_BROKEN)
        return; /* by that: its handle ends */
    client_find_back(&consumer->way_back, consumer->handle, &consumer->options.target, seems_forgotten(consumer), clock_us());
    serve(consumer);
}

static void on_tick(uv_timer_t *timer)
{
    struct consumer *consumer = timer->data;
    struct about about;
    begin_about(&about, consumer);
    tick(consumer);
    log_scope_end();
}

void consumer_tick_each(struct consumer *consumer, uint64_t ms)
{
    uv_timer_start(&consumer->tick, on_tick, ms, ms);
}

/* --- opening --- */

struct consumer *consumer_open(const struct consumer_options *options, struct error *err)
{
    struct consumer *consumer = mem_zalloc(sizeof(*consumer));
    consumer->options = *options;
    consumer->cooperative = options->protocol == CONSUMER_PROTOCOL_CONSUMER || strstr(options->assignor, "cooperative") != NULL;
    list_init(&consumer->partitions);
    list_init(&consumer->lookups);
    list_init(&consumer->commits);
    random_init(&consumer->random);
    gate_init(&consumer->gate);
    consumer->statistics = client_statistics_open(options->statistics, "consumer", options->name);
    if (handle_open(consumer, err) != 0)
        goto fail;
    int rc = wakeup_init(&consumer->wakeup, options->loop, on_wakeup, consumer);
    if (rc != 0) {
        error_set(err, E_IO, "consumer of %s: no descriptor for its wakeup: %s", options->topic, uv_strerror(rc));
        rd_kafka_destroy(consumer->handle); /* it has done nothing yet, so this does not wait */
        goto fail;
    }
    gate_enter(&consumer->gate);
    uv_timer_init(options->loop, &consumer->tick);
    consumer->tick.data = consumer;
    gate_enter(&consumer->gate);
    consumer_tick_each(consumer, CONSUMER_TICK_MS);
    handle_join(consumer);
    return consumer;

fail:
    client_statistics_close(consumer->statistics);
    mem_free(consumer);
    return NULL;
}

/* --- readiness --- */

const char *consumer_state(const struct consumer *consumer)
{
    static const char *const names[] = {
        [CONSUMER_JOINING] = "joining",     [CONSUMER_ASKING] = "asking for commits",   [CONSUMER_WORKING] = "working",
        [CONSUMER_GIVING_UP] = "giving up", [CONSUMER_BROKEN] = "waiting to join anew", [CONSUMER_LEFT] = "left",
    };
    if (consumer->in_doubt)
        return "in doubt after standing still";
    return consumer->leaving && consumer->state != CONSUMER_LEFT ? "leaving" : names[consumer->state];
}

/* A rebalance is daily life: only one that does not end counts. */
static bool is_settled(const struct consumer *consumer)
{
    bool settling = consumer->settled_us > 0 && clock_us() - consumer->settled_us < consumer->options.session_us;
    return consumer->state == CONSUMER_WORKING || (settling && consumer->state != CONSUMER_BROKEN);
}

bool consumer_ready(const struct consumer *consumer, struct error *err)
{
    if (is_settled(consumer) && !consumer->in_doubt && !consumer->leaving)
        return true;
    const char *reason = consumer->trouble == 0 ? "" : client_reason(consumer->trouble);
    error_set(err, E_UNAVAILABLE, "consumer group %s of topic %s: %s%s%s", consumer->options.group, consumer->options.topic,
              consumer_state(consumer), reason[0] == '\0' ? "" : ": ", reason);
    return false;
}

bool consumer_is_connected(const struct consumer *consumer)
{
    return consumer->state != CONSUMER_BROKEN && client_is_connected(consumer->handle);
}
