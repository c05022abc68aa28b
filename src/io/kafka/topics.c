#include "io/kafka/topics.h"

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "io/kafka/embedded.h"
#include "io/kafka/event_queue.h"
#include "io/kafka/topic_admin.h"

#include <string.h>

#define ASK_SOON_MS  50  /* after a topic was made */
#define ASK_AGAIN_MS 500 /* while something is missing: a broker that comes back is seen within a second */
#define ASK_CALM_MS  2000

struct topic {
    struct list link; /* in topics.all, in the order of topics_add */
    struct topic_config wanted;
    bool present;
    bool creating;
    int32_t partitions;
    struct error problem; /* code 0: there, as wanted */
};

struct topics {
    uv_loop_t *loop;
    struct client_target target;
    struct list all;
    size_t count;
    rd_kafka_t *handle;
    struct event_queue events;
    uv_timer_t timer;
    bool started;
    bool answered; /* since the start, at least once */
    bool reachable;
    bool asking;
    bool dirty;        /* something changed, and `changed` has not been told */
    struct error away; /* why nothing answers */
    void (*changed)(void *arg);
    void *arg;
    struct gate gate;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void ask_in(struct topics *topics, uint64_t delay_ms);

/* ---- asking */

static void ask(struct topics *topics)
{
    if (topics->asking || topics->count == 0)
        return;
    const char **names = mem_alloc(topics->count * sizeof(*names));
    size_t count = 0;
    list_each(link, &topics->all) names[count++] = list_entry(link, struct topic, link)->wanted.name;
    topics->asking = true;
    int32_t broker = topics->target.embedded != NULL ? EMBEDDED_BROKER : TOPIC_ADMIN_CONTROLLER;
    topic_admin_describe(topics->handle, broker, names, count, topics->events.queue);
    mem_free(names);
}

static void on_timer(uv_timer_t *timer)
{
    ask(timer->data);
}

static void ask_in(struct topics *topics, uint64_t delay_ms)
{
    if (!topics->gate.closing)
        uv_timer_start(&topics->timer, on_timer, delay_ms, 0);
}

/* ---- what the answers mean */

static void set_problem(struct topics *topics, struct topic *topic, const struct error *problem)
{
    if (topic->problem.code == problem->code && strcmp(topic->problem.message, problem->message) == 0)
        return;
    topic->problem = *problem;
    topics->dirty = true;
    if (problem->code != 0)
        log_warn("topics", "%s", problem->message);
}

static void on_present(struct topics *topics, struct topic *topic, int32_t partitions)
{
    struct error problem = { 0 };
    if (!topic->present || topic->partitions != partitions) {
        log_info("topics", "topic %s is there, with %d partitions", topic->wanted.name, (int)partitions);
        topics->dirty = true;
    }
    topic->present = true;
    topic->creating = false;
    topic->partitions = partitions;
    if (topic->wanted.partitions != 0 && topic->wanted.partitions != partitions)
        error_set(&problem, E_UNAVAILABLE, "topic %s has %d partitions, configured are %lld; it is used as it is, and not altered",
                  topic->wanted.name, (int)partitions, (long long)topic->wanted.partitions);
    set_problem(topics, topic, &problem);
}

static void create(struct topics *topics, struct topic *topic)
{
    struct error problem = { 0 };
    if (topic_admin_create(topics->handle, &topic->wanted, topics->events.queue, &problem) != 0) {
        set_problem(topics, topic, &problem);
        return;
    }
    topic->creating = true;
}

static void on_missing(struct topics *topics, struct topic *topic)
{
    struct error problem = { 0 };
    if (topic->present)
        topics->dirty = true;
    topic->present = false;
    topic->partitions = 0;
    if (!topic->wanted.create) {
        error_set(&problem, E_UNAVAILABLE, "topic %s is missing, and its configuration does not say create: true", topic->wanted.name);
        set_problem(topics, topic, &problem);
        return;
    }
    if (!topic->creating)
        create(topics, topic);
}

static struct topic *find(struct topics *topics, const char *name)
{
    list_each(link, &topics->all)
    {
        struct topic *topic = list_entry(link, struct topic, link);
        if (strcmp(topic->wanted.name, name) == 0)
            return topic;
    }
    return NULL;
}

static void on_described_topic(struct topics *topics, const rd_kafka_TopicDescription_t *description)
{
    struct topic *topic = find(topics, rd_kafka_TopicDescription_name(description));
    if (topic == NULL)
        return;
    rd_kafka_resp_err_t code = rd_kafka_error_code(rd_kafka_TopicDescription_error(description));
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        on_missing(topics, topic);
        return;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        struct error problem;
        error_set(&problem, E_UNAVAILABLE, "topic %s: %s", topic->wanted.name, client_reason(code));
        set_problem(topics, topic, &problem);
        return;
    }
    size_t partitions;
    rd_kafka_TopicDescription_partitions(description, &partitions);
    on_present(topics, topic, (int32_t)partitions);
}

static void set_reachable(struct topics *topics, bool reachable, const char *reason)
{
    if (!reachable)
        error_set(&topics->away, E_UNAVAILABLE, "no broker answers at %s: %s", client_brokers(&topics->target), reason);
    if (topics->answered && topics->reachable == reachable)
        return;
    if (!reachable)
        log_warn("topics", "%s; asking on", topics->away.message);
    else if (topics->answered)
        log_info("topics", "the brokers answer again");
    topics->answered = true;
    topics->reachable = reachable;
    topics->dirty = true;
}

static bool all_well(const struct topics *topics)
{
    struct error ignored;
    return topics_ready(topics, &ignored);
}

static void on_described(struct topics *topics, rd_kafka_event_t *event)
{
    topics->asking = false;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        set_reachable(topics, false, rd_kafka_event_error_string(event));
        ask_in(topics, ASK_AGAIN_MS);
        return;
    }
    set_reachable(topics, true, NULL);
    size_t count;
    const rd_kafka_TopicDescription_t **descriptions =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    for (size_t i = 0; i < count; i++)
        on_described_topic(topics, descriptions[i]);
    ask_in(topics, all_well(topics) ? ASK_CALM_MS : ASK_AGAIN_MS);
}

static void on_created_topic(struct topics *topics, const rd_kafka_topic_result_t *result)
{
    struct topic *topic = find(topics, rd_kafka_topic_result_name(result));
    if (topic == NULL)
        return;
    topic->creating = false;
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_info("topics", "topic %s was made", topic->wanted.name);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return;
    const char *detail = rd_kafka_topic_result_error_string(result);
    struct error problem;
    error_set(&problem, E_UNAVAILABLE, "topic %s is missing, and the broker does not make it: %s", topic->wanted.name,
              detail == NULL ? client_reason(code) : detail);
    set_problem(topics, topic, &problem);
}

/* Its results name topics only when the request got through; else every creation under way is over. */
static void on_created(struct topics *topics, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = NULL;
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++)
        on_created_topic(topics, results[i]);
    if (results != NULL) {
        ask_in(topics, ASK_SOON_MS);
        return;
    }
    log_warn("topics", "topics could not be made: %s", rd_kafka_event_error_string(event));
    list_each(link, &topics->all) list_entry(link, struct topic, link)->creating = false;
}

static void on_event(void *arg, rd_kafka_event_t *event)
{
    struct topics *topics = arg;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
        on_described(topics, event);
        break;
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        on_created(topics, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        client_on_error(topics->handle, event);
        break;
    default:
        break;
    }
    if (!topics->dirty)
        return;
    topics->dirty = false;
    if (topics->changed != NULL && !topics->gate.closing)
        topics->changed(topics->arg);
}

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
    list_each(link, &topics->all) if (!topic_ready(list_entry(link, struct topic, link), err)) return false;
    return true;
}

bool topics_reachable(const struct topics *topics)
{
    return topics->reachable;
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

struct topics *topics_open(uv_loop_t *loop, const struct client_target *target, struct error *err)
{
    struct topics *topics = mem_zalloc(sizeof(*topics));
    topics->loop = loop;
    topics->target = *target;
    list_init(&topics->all);
    gate_init(&topics->gate);
    if (open_handle(topics, err) != 0)
        goto fail;
    int rc = event_queue_open(&topics->events, topics->handle, loop, on_event, topics);
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
    struct topic *topic = find(topics, config->name);
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
    list_each(link, &topics->all)
    {
        struct topic *topic = list_entry(link, struct topic, link);
        int32_t partitions = topic->wanted.partitions == 0 ? 1 : (int32_t)topic->wanted.partitions;
        struct error problem = { 0 };
        if (embedded_topic_create(topics->target.embedded, topic->wanted.name, partitions, &problem) == NULL)
            set_problem(topics, topic, &problem);
    }
}

void topics_start(struct topics *topics, void (*changed)(void *arg), void *arg)
{
    topics->changed = changed;
    topics->arg = arg;
    topics->started = true;
    if (topics->target.embedded != NULL)
        create_embedded(topics);
    ask(topics);
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
