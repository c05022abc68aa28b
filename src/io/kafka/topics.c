#include "io/kafka/topics_state.h"

#include "base/memory.h"
#include "io/kafka/embedded.h"

/* ---- what others ask */

bool topic_ready(const struct topic *topic, struct error *err)
{
    if (topic->present && topic->problem.code == 0)
        return true;
    if (topic->problem.code != 0)
        *err = topic->problem;
    else if (topic->creating)
        error_set(err, E_UNAVAILABLE, "topic %s is missing, and is being made", topic->wanted.name);
    else
        error_set(err, E_UNAVAILABLE, "topic %s: no broker has answered yet", topic->wanted.name);
    return false;
}

bool topics_ready(const struct topics *topics, struct error *err)
{
    if (!topics->reachable && topics->count > 0) {
        if (topics->answered)
            *err = topics->away;
        else
            error_set(err, E_UNAVAILABLE, "no broker has answered yet at %s", client_brokers(&topics->target));
        return false;
    }
    list_each(link, &topics->all)
        if (!topic_ready(list_entry(link, struct topic, link), err))
            return false;
    return true;
}

const char *topic_name(const struct topic *topic)
{
    return topic->wanted.name;
}

bool topic_present(const struct topic *topic)
{
    return topic->present;
}

int32_t topic_partitions(const struct topic *topic)
{
    return topic->partitions;
}

uint64_t topic_batch_bytes_max(const struct topic *topic)
{
    return topic->batch_bytes_max;
}

/* ---- making and ending */

static int open_handle(struct topics *topics, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(&topics->target, "topics", err);
    if (conf == NULL)
        return E_INVALID;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
    /* A producer is the lightest handle; it has no topics, and the questions bring their own answers. */
    topics->handle = client_open(RD_KAFKA_PRODUCER, conf, err);
    return topics->handle == NULL ? E_INVALID : 0;
}

int topics_check(const struct client_target *target, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(target, "topics", err);
    return conf == NULL ? err->code : client_try(RD_KAFKA_PRODUCER, conf, err);
}

struct topics *topics_open(uv_loop_t *loop, const struct client_target *target, struct error *err)
{
    struct topics *topics = mem_zalloc(sizeof(*topics));
    topics->loop = loop;
    topics->target = *target;
    list_init(&topics->all);
    gate_init(&topics->gate);
    if (open_handle(topics, err) != 0)
        goto fail;
    int rc = event_queue_open(&topics->events, topics->handle, loop, topics_on_event, topics);
    if (rc != 0) {
        error_set(err, E_IO, "topics: no wakeup: %s", uv_strerror(rc));
        goto fail;
    }
    uv_timer_init(loop, &topics->timer);
    topics->timer.data = topics;
    return topics;
fail:
    if (topics->handle != NULL)
        rd_kafka_destroy(topics->handle);
    mem_free(topics);
    return NULL;
}

static int merge(struct topic *topic, const struct topic_config *config, struct error *err)
{
    struct topic_config *wanted = &topic->wanted;
    if (wanted->partitions != 0 && config->partitions != 0 && wanted->partitions != config->partitions)
        return error_set(err, E_INVALID, "topic %s is wanted with %lld and with %lld partitions; allowed: one count", wanted->name,
                         (long long)wanted->partitions, (long long)config->partitions);
    if (wanted->partitions == 0)
        wanted->partitions = config->partitions;
    if (config->create && !wanted->create) {
        wanted->create = true;
        wanted->replication = config->replication;
        wanted->config = config->config;
    }
    return 0;
}

struct topic *topics_add(struct topics *topics, const struct topic_config *config, struct error *err)
{
    struct topic *topic = topics_find(topics, config->name);
    if (topic != NULL)
        return merge(topic, config, err) == 0 ? topic : NULL;

    topic = mem_zalloc(sizeof(*topic));
    topic->wanted = *config;
    topic->wanted.name = mem_strdup(config->name);
    list_push(&topics->all, &topic->link);
    topics->count++;
    return topic;
}

/* The embedded cluster cannot be asked to make topics; and there nobody else makes them, so it is done whatever `create` says. */
static void create_embedded(struct topics *topics)
{
    list_each(link, &topics->all) {
        struct topic *topic = list_entry(link, struct topic, link);
        int32_t partitions = topic->wanted.partitions == 0 ? 1 : (int32_t)topic->wanted.partitions;
        struct error problem = { 0 };
        if (embedded_topic_create(topics->target.embedded, topic->wanted.name, partitions, &problem) == NULL)
            topics_set_problem(topics, topic, &problem);
    }
}

void topics_start(struct topics *topics, void (*changed)(void *arg), void *arg)
{
    topics->changed = changed;
    topics->arg = arg;
    if (topics->target.embedded != NULL)
        create_embedded(topics);
    topics_ask(topics);
}

static void on_handle_closed(void *arg)
{
    struct topics *topics = arg;
    gate_leave(&topics->gate);
}

static void on_events_closed(void *arg)
{
    struct topics *topics = arg;
    client_close(topics->handle, topics->loop, on_handle_closed, topics);
}

static void on_timer_closed(uv_handle_t *timer)
{
    struct topics *topics = timer->data;
    gate_leave(&topics->gate);
}

static void on_all_closed(void *arg)
{
    struct topics *topics = arg;
    void (*closed)(void *arg) = topics->closed;
    void *closed_arg = topics->closed_arg;
    struct list *link;
    while ((link = list_pop(&topics->all)) != NULL) {
        struct topic *topic = list_entry(link, struct topic, link);
        mem_free((void *)(uintptr_t)topic->wanted.name);
        mem_free(topic);
    }
    mem_free(topics);
    closed(closed_arg);
}

void topics_close(struct topics *topics, void (*closed)(void *arg), void *arg)
{
    topics->closed = closed;
    topics->closed_arg = arg;
    gate_enter(&topics->gate); /* the timer */
    gate_enter(&topics->gate); /* the queue, then the handle */
    gate_close(&topics->gate, on_all_closed, topics);
    uv_close((uv_handle_t *)&topics->timer, on_timer_closed);
    event_queue_close(&topics->events, on_events_closed, topics);
}
