#include "app/rehearsal.h"

#include "app/node.h"
#include "base/log.h"
#include "io/kafka/group_reader.h"
#include "io/kafka/producer.h"
#include "io/kafka/topics.h"
#include "io/redis/redis.h"
#include "work/work.h"

#include <stdio.h>

struct rehearsal {
    const struct settings *settings;
    const struct roles *roles;
    struct client_target nowhere;
    struct buffer *out;
    size_t refusals;
};

static void note(struct rehearsal *rehearsal, const struct error *err)
{
    buffer_printf(rehearsal->out, "millrace: cannot start: %s\n", err->message);
    rehearsal->refusals++;
}

static void rehearse_clients(struct rehearsal *rehearsal)
{
    const struct redis_config *redis = &rehearsal->settings->redis;
    struct error err;
    if (topics_check(&rehearsal->nowhere, &err) != 0) {
        error_wrap(&err, "kafka");
        note(rehearsal, &err);
    }
    if (!redis_config_is_local(redis) && redis_check(redis, &err) != 0) {
        error_wrap(&err, "redis");
        note(rehearsal, &err);
    }
}

static void rehearse_producer(struct rehearsal *rehearsal, const struct producer_config *config)
{
    struct error err;
    if (producer_check(&(struct producer_options){ .target = rehearsal->nowhere, .config = config }, &err) == 0)
        return;
    error_wrap(&err, "producers.%s", config->name);
    note(rehearsal, &err);
}

static void rehearse_work(struct rehearsal *rehearsal, const struct stream_config *config)
{
    struct error err;
    struct work_options options = {
        .stream = config->name,
        .topic = config->topic.name,
        .partitions = (uint32_t)config->topic.partitions,
        .config = &config->work,
        .target = rehearsal->nowhere,
        .producer = settings_producer(rehearsal->settings, config->ingest.producer),
    };
    if (!roles_work(rehearsal->roles, config) || work_check(&options, &err) == 0)
        return;
    error_wrap(&err, "streams.%s: work", config->name);
    note(rehearsal, &err);
}

static void rehearse_watch(struct rehearsal *rehearsal, const struct stream_config *config)
{
    struct error err;
    if (!roles_watch(rehearsal->roles, config) || group_reader_check(&rehearsal->nowhere, config->work.group, &err) == 0)
        return;
    error_wrap(&err, "streams.%s: watch", config->name);
    note(rehearsal, &err);
}

static void rehearse_listener(struct rehearsal *rehearsal, const struct listener_config *config)
{
    struct error err;
    if (routes_check(rehearsal->settings, rehearsal->roles, config, &err) == 0)
        return;
    error_wrap(&err, "listen.%s", config->name);
    note(rehearsal, &err);
}

static void rehearse_streams(struct rehearsal *rehearsal)
{
    const struct producer_config *producers = rehearsal->settings->producers.items;
    for (size_t i = 0; i < rehearsal->settings->producers.count; i++)
        rehearse_producer(rehearsal, &producers[i]);
    const struct stream_config *streams = rehearsal->settings->streams.items;
    for (size_t i = 0; i < rehearsal->settings->streams.count; i++) {
        rehearse_work(rehearsal, &streams[i]);
        rehearse_watch(rehearsal, &streams[i]);
    }
}

static void rehearse_listeners(struct rehearsal *rehearsal)
{
    const struct listener_config *listeners = rehearsal->settings->listeners.items;
    for (size_t i = 0; i < rehearsal->settings->listeners.count; i++)
        rehearse_listener(rehearsal, &listeners[i]);
}

size_t rehearse_start(const struct settings *settings, const struct roles *roles, struct buffer *out)
{
    struct rehearsal rehearsal = {
        .settings = settings,
        .roles = roles,
        .nowhere = { .config = &settings->kafka, .nowhere = true },
        .out = out,
    };
    log_set_level(LOG_ERROR); /* librdkafka finds it remarkable that there is no broker */
    rehearse_clients(&rehearsal);
    if (rehearsal.refusals == 0) /* each handle has the same to say of kafka.properties */
        rehearse_streams(&rehearsal);
    rehearse_listeners(&rehearsal);
    return rehearsal.refusals;
}
