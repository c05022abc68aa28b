#include "io/kafka/topics_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/embedded.h"
#include "io/kafka/topic_admin.h"

#include <string.h>

#define ASK_SOON_MS  50  /* after a topic was made */
#define ASK_AGAIN_MS 500 /* while something is missing: a broker that comes back is seen within a second */
#define ASK_CALM_MS  2000

/* Until a broker is connected; after so many looks in a row none is said to answer. */
#define LOOK_MS      50
#define LOOK_CALM_MS 250
#define LOOKS        20

static void ask_in(struct topics *topics, uint64_t delay_ms);
static void set_reachable(struct topics *topics, bool reachable, const char *reason);

/* ---- asking */

static int32_t whom(const struct topics *topics)
{
    if (topics->target.embedded != NULL)
        return EMBEDDED_BROKER;
    size_t turn = topics->turn % (topics->broker_count + 1);
    return turn == 0 ? TOPIC_ADMIN_CONTROLLER : topics->brokers[turn - 1];
}

/* A question to a broker that is gone makes librdkafka connect to it without a pause, thousands of times a second, until the
 * question's time is over (2.14: each failure wakes the question, which asks for a connection at once). So none is put before. */
static void look_again(struct topics *topics)
{
    topics->unconnected++;
    if (topics->unconnected >= LOOKS)
        set_reachable(topics, false, "no connection");
    ask_in(topics, topics->unconnected < LOOKS ? LOOK_MS : LOOK_CALM_MS);
    topics_tell(topics);
}

void topics_ask(struct topics *topics)
{
    if (topics->asking || topics->count == 0)
        return;
    bool connected = client_is_connected(topics->handle);
    client_find_back(&topics->way_back, topics->handle, &topics->target, !connected, clock_us());
    if (!connected) {
        look_again(topics);
        return;
    }
    topics->unconnected = 0;
    const char **names = mem_alloc(topics->count * sizeof(*names));
    size_t count = 0;
    list_each(link, &topics->all)
        names[count++] = list_entry(link, struct topic, link)->wanted.name;
    topics->asking = true;
    topic_admin_describe(topics->handle, whom(topics), names, count, topics->events.queue);
    mem_free(names);
}

static void on_timer(uv_timer_t *timer)
{
    topics_ask(timer->data);
}

static void ask_in(struct topics *topics, uint64_t delay_ms)
{
    if (!topics->gate.closing)
        uv_timer_start(&topics->timer, on_timer, delay_ms, 0);
}

/* ---- what the answers mean */

void topics_set_problem(struct topics *topics, struct topic *topic, const struct error *problem)
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
        log_info("topics", "topic %s is there, with %d partition%s", topic->wanted.name, (int)partitions, partitions == 1 ? "" : "s");
        topics->dirty = true;
    }
    topic->present = true;
    topic->creating = false;
    topic->partitions = partitions;
    if (topic->wanted.partitions != 0 && topic->wanted.partitions != partitions)
        error_set(&problem, E_UNAVAILABLE, "topic %s has %d partitions, configured are %lld; it is used as it is, and not altered",
                  topic->wanted.name, (int)partitions, (long long)topic->wanted.partitions);
    topics_set_problem(topics, topic, &problem);
}

static void create(struct topics *topics, struct topic *topic)
{
    struct error problem = { 0 };
    if (topic_admin_create(topics->handle, &topic->wanted, topics->events.queue, &problem) != 0) {
        topics_set_problem(topics, topic, &problem);
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
    topic->settings_asked = false; /* who makes it anew may set it up otherwise */
    if (!topic->wanted.create) {
        error_set(&problem, E_UNAVAILABLE, "topic %s is missing, and its configuration does not say create: true", topic->wanted.name);
        topics_set_problem(topics, topic, &problem);
        return;
    }
    if (!topic->creating)
        create(topics, topic);
}

struct topic *topics_find(struct topics *topics, const char *name)
{
    list_each(link, &topics->all) {
        struct topic *topic = list_entry(link, struct topic, link);
        if (strcmp(topic->wanted.name, name) == 0)
            return topic;
    }
    return NULL;
}

static void remember_broker(struct topics *topics, const rd_kafka_Node_t *node)
{
    if (node == NULL || topics->broker_count == TOPICS_BROKERS_MAX)
        return;
    for (size_t i = 0; i < topics->broker_count; i++)
        if (topics->brokers[i] == rd_kafka_Node_id(node))
            return;
    topics->brokers[topics->broker_count++] = rd_kafka_Node_id(node);
}

static void on_described_topic(struct topics *topics, const rd_kafka_TopicDescription_t *description)
{
    struct topic *topic = topics_find(topics, rd_kafka_TopicDescription_name(description));
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
        topics_set_problem(topics, topic, &problem);
        return;
    }
    size_t count;
    const rd_kafka_TopicPartitionInfo_t **partitions = rd_kafka_TopicDescription_partitions(description, &count);
    for (size_t i = 0; i < count; i++)
        remember_broker(topics, rd_kafka_TopicPartitionInfo_leader(partitions[i]));
    on_present(topics, topic, (int32_t)count);
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

/* The first time another broker is asked at once: one that is gone says nothing about the cluster. */
static void on_silence(struct topics *topics, const char *reason)
{
    bool another = topics->broker_count > 0 && topics->silent == 0;
    topics->turn++;
    topics->silent++;
    if (!another)
        set_reachable(topics, false, reason);
    ask_in(topics, another ? 0 : ASK_AGAIN_MS);
}

static void on_described(struct topics *topics, rd_kafka_event_t *event)
{
    topics->asking = false;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_silence(topics, rd_kafka_event_error_string(event));
        return;
    }
    topics->silent = 0;
    set_reachable(topics, true, NULL);
    size_t count;
    const rd_kafka_TopicDescription_t **descriptions =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    for (size_t i = 0; i < count; i++)
        on_described_topic(topics, descriptions[i]);
    topics_ask_settings(topics, whom(topics));
    ask_in(topics, all_well(topics) ? ASK_CALM_MS : ASK_AGAIN_MS);
}

static void on_created_topic(struct topics *topics, const rd_kafka_topic_result_t *result)
{
    struct topic *topic = topics_find(topics, rd_kafka_topic_result_name(result));
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
    topics_set_problem(topics, topic, &problem);
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
    list_each(link, &topics->all)
        list_entry(link, struct topic, link)->creating = false;
}

void topics_tell(struct topics *topics)
{
    if (!topics->dirty)
        return;
    topics->dirty = false;
    if (topics->changed != NULL && !topics->gate.closing)
        topics->changed(topics->arg);
}

void topics_on_event(void *arg, rd_kafka_event_t *event)
{
    struct topics *topics = arg;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
        on_described(topics, event);
        break;
    case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
        topics_on_settings(topics, event);
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
    topics_tell(topics);
}
