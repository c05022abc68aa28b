#include "app/node.h"

#include "io/kafka/consumer.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool limiter_is_ready(void *arg, struct error *err)
{
    struct stream *stream = arg;
    return ingest_limiter_ready(stream->ingest, err);
}

static bool work_is_ready(void *arg, struct error *err)
{
    struct stream *stream = arg;
    return work_ready(stream->work, err);
}

static bool it_publishes(void *arg, struct error *err)
{
    struct stream *stream = arg;
    return work_publishes(stream->work, err);
}

/* "work jobs" */
static void add_check(struct stream_check *check, const char *what, bool (*ready)(void *arg, struct error *err), struct stream *stream,
                      struct node *node)
{
    snprintf(check->name, sizeof(check->name), "%s %s", what, stream->config->name);
    check->check = (struct health_check){ .name = check->name, .ready = ready, .arg = stream };
    health_add(&node->health, &check->check);
}

static struct node_producer *producer_of(struct node *node, const char *name)
{
    const struct producer_config *configs = node->settings->producers.items;
    const struct producer_config *config = settings_producer(node->settings, name);
    return &node->producers[config - configs];
}

static int add_topic(struct node *node, const struct topic_config *config, struct topic **topic, struct error *err)
{
    if (config->name == NULL)
        return 0;
    *topic = topics_add(node->topics, config, err);
    return *topic == NULL ? err->code : 0;
}

/* Names its topics, so that they are asked for and made before anything is sent. */
int stream_open(struct stream *stream, struct node *node, const struct stream_config *config, struct error *err)
{
    stream->config = config;
    stream->producer = producer_of(node, config->ingest.producer);
    stream->topic = topics_add(node->topics, &config->topic, err);
    if (stream->topic == NULL)
        return err->code;
    if (!roles_work(&node->roles, config))
        return 0;
    int code = add_topic(node, &config->work.output, &stream->output_topic, err);
    return code != 0 ? code : add_topic(node, &config->work.dead, &stream->dead_topic, err);
}

/* The broker refuses a whole batch, and so small records for a large one that stands beside them. */
static void check_batches(const struct topic *topic, const struct producer_config *producer, uint64_t *warned_of)
{
    uint64_t most = topic == NULL ? 0 : topic_batch_bytes_max(topic);
    if (most == 0 || most >= producer->batch_bytes || most == *warned_of)
        return;
    *warned_of = most;
    log_warn("node",
             "topic %s takes batches of %" PRIu64 " bytes (max.message.bytes), and producers.%s makes them of up to %" PRIu64
             ": beside large records small ones would be refused too. Set producers.%s.batch_bytes to %" PRIu64 " or less",
             topic_name(topic), most, producer->name, producer->batch_bytes, producer->name, most);
}

void stream_check_batches(struct stream *stream, const struct node *node)
{
    const struct producer_config *producer = settings_producer(node->settings, stream->config->ingest.producer);
    if (stream->ingest != NULL)
        check_batches(stream->topic, producer, &stream->narrow.topic);
    if (stream->config->work.guarantee == WORK_EXACTLY_ONCE)
        return; /* a transaction makes batches that its topics take */
    check_batches(stream->output_topic, producer, &stream->narrow.output);
    check_batches(stream->dead_topic, producer, &stream->narrow.dead);
}

static int start_ingest(struct stream *stream, struct node *node, struct error *err)
{
    const struct stream_config *config = stream->config;
    if (!roles_ingest(&node->roles, node->settings, config))
        return 0;
    stream->out = producer_topic_open(
        stream->producer->producer,
        &(struct producer_topic_options){ .stream = config->name, .topic = stream->topic, .deadline_us = config->ingest.deadline_us });
    struct shape *shape = shape_new(config->shape.items, config->shape.count, err);
    if (shape == NULL)
        return error_wrap(err, "shape");
    stream->ingest = ingest_open(
        &(struct ingest_options){
            .loop = &node->loop,
            .stream = config->name,
            .config = &config->ingest,
            .shape = shape,
            .topic = stream->out,
            .redis = node->redis,
            .random = &node->random,
            .tracer = node->tracer,
            .metrics = node->metrics,
            .stats = &node->stats,
        },
        err);
    if (stream->ingest == NULL)
        return error_wrap(err, "ingest");
    if (config->ingest.limit.rate > 0)
        add_check(&stream->limiter_check, "limiter", limiter_is_ready, stream, node);
    return 0;
}

static struct producer_topic *open_out(const struct stream *stream, struct topic *topic)
{
    const struct producer_topic_options options = { .stream = stream->config->name, .topic = topic };
    return topic == NULL ? NULL : producer_topic_open(stream->producer->producer, &options);
}

static bool is_worked(const struct settings *settings, const char *topic)
{
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; topic != NULL && i < settings->streams.count; i++) {
        if (streams[i].work.group != NULL && strcmp(streams[i].topic.name, topic) == 0)
            return true;
    }
    return false;
}

static int start_work(struct stream *stream, struct node *node, struct error *err)
{
    const struct stream_config *config = stream->config;
    if (!roles_work(&node->roles, config))
        return 0;
    stream->work = work_start(
        &(struct work_options){
            .shared = &node->shared,
            .stream = config->name,
            .topic = config->topic.name,
            .log = stream->topic,
            .partitions = (uint32_t)config->topic.partitions,
            .config = &config->work,
            .target = { .config = &node->settings->kafka, .embedded = node->embedded },
            .tracer = node->tracer,
            .dead = open_out(stream, stream->dead_topic),
            .output = open_out(stream, stream->output_topic),
            .output_is_worked = is_worked(node->settings, config->work.output.name),
            .producer = settings_producer(node->settings, config->ingest.producer),
        },
        err);
    if (stream->work == NULL)
        return error_wrap(err, "work");
    add_check(&stream->work_check, "work", work_is_ready, stream, node);
    if (stream->dead_topic != NULL || stream->output_topic != NULL)
        add_check(&stream->publishing_check, "publishing", it_publishes, stream, node);
    return 0;
}

static int start_watch(struct stream *stream, struct node *node, struct error *err)
{
    const struct stream_config *config = stream->config;
    if (!roles_watch(&node->roles, config))
        return 0;
    stream->watch = watch_start(
        &(struct watch_options){
            .shared = &node->watching,
            .stream = config->name,
            .topic = config->topic.name,
            .group = config->work.group,
            .from_end = config->work.start == CONSUMER_LATEST,
            .config = &config->watch,
            .target = node_target(node),
        },
        err);
    return stream->watch == NULL ? error_wrap(err, "watch") : 0;
}

int stream_start(struct stream *stream, struct node *node, struct error *err)
{
    int code = start_ingest(stream, node, err);
    if (code == 0)
        code = start_work(stream, node, err);
    if (code == 0)
        code = start_watch(stream, node, err);
    return code;
}
