/* What must fit together across the parts of a configuration; each part's own schema has checked the part. */
#include "api/action.h"
#include "app/settings.h"
#include "io/kafka/consumer.h"

#include <stdio.h>
#include <string.h>

static bool needs_work(const struct route_config *route)
{
    const struct action *action = route->action == NULL ? NULL : action_find(route->action);
    return action != NULL && action->stream != NULL && strcmp(action->stream, "work") == 0;
}

static void check_route(const struct settings *settings, const struct route_config *route, const char *part,
                        const struct config_place *place, struct config_report *report)
{
    const struct stream_config *stream = settings_stream(settings, route->stream);
    if (stream == NULL)
        config_mistake_at(report, place, part, "found \"%s\"; allowed: a name in `streams`", route->stream);
    else if (stream->work.group == NULL && needs_work(route))
        config_mistake_at(report, place, part, "found \"%s\", which has no `work`; allowed with %s: a stream with one", route->stream,
                          route->action);
}

static void check_routes(const struct settings *settings, const struct listener_config *listener, const struct config_place *place,
                         struct config_report *report)
{
    const struct route_config *routes = listener->routes.items;
    for (size_t i = 0; i < listener->routes.count; i++) {
        char part[160];
        snprintf(part, sizeof(part), "listen.%s.routes.%zu.stream", listener->name, i);
        if (routes[i].stream != NULL)
            check_route(settings, &routes[i], part, place, report);
    }
}

static void check_producer(const struct settings *settings, const struct stream_config *stream, const struct config_place *place,
                           struct config_report *report)
{
    const char *producer = stream->ingest.producer;
    if (producer == NULL || settings_producer(settings, producer) != NULL)
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.ingest.producer", stream->name);
    config_mistake_at(report, place, part, "found \"%s\"; allowed: a name in `producers`", producer);
}

/* From topic to dead letter topic, and on wherever that one is worked too. Without a circle a way has no more steps than streams. */
static bool leads_to(const struct settings *settings, const char *topic, const char *goal, size_t steps)
{
    if (topic == NULL || steps == 0)
        return false;
    if (strcmp(topic, goal) == 0)
        return true;
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++) {
        bool worked = streams[i].work.group != NULL && strcmp(streams[i].topic.name, topic) == 0;
        if (worked && leads_to(settings, streams[i].work.dead.name, goal, steps - 1))
            return true;
    }
    return false;
}

/* A record that cannot be worked would go round for ever. */
static bool dead_letters_come_back(const struct settings *settings, const struct stream_config *stream)
{
    return leads_to(settings, stream->work.dead.name, stream->topic.name, settings->streams.count);
}

static void check_dead(const struct settings *settings, const struct stream_config *stream, const struct config_place *place,
                       struct config_report *report)
{
    if (stream->work.group == NULL || !dead_letters_come_back(settings, stream))
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.work.dead", stream->name);
    config_mistake_at(report, place, part,
                      "found \"%s\", whose records would come back to %s; allowed: a topic whose dead letters end somewhere",
                      stream->work.dead.name, stream->topic.name);
}

static void check_output(const struct stream_config *stream, const struct config_place *place, struct config_report *report)
{
    const char *output = stream->work.output.name;
    if (output == NULL || strcmp(output, stream->topic.name) != 0)
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.work.output", stream->name);
    config_mistake_at(report, place, part, "found \"%s\", the stream's own topic: what is done would come back; allowed: another topic",
                      output);
}

static void check_guarantee(const struct settings *settings, const struct stream_config *stream, const struct config_place *place,
                            struct config_report *report)
{
    if (stream->work.group == NULL || stream->work.guarantee != WORK_EXACTLY_ONCE)
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.work.guarantee", stream->name);
    const struct producer_config *producer = settings_producer(settings, stream->ingest.producer);
    if (kafka_config_embedded(&settings->kafka))
        config_mistake_at(report, place, part,
                          "found exactly_once with the embedded cluster, which keeps no transaction apart; allowed: "
                          "with kafka.brokers");
    else if (producer != NULL && (producer->acks != PRODUCER_ACKS_ALL || !producer->idempotent))
        config_mistake_at(report, place, part,
                          "found exactly_once with the producer %s, which promises less; allowed: with acks all and idempotent true",
                          producer->name);
}

/* The topics that a stream names: its own, and those of its output and its dead letters, whose names may be NULL. */
#define TOPICS_NAMED 3
static const char *const topic_parts[TOPICS_NAMED] = { "topic", "work.output", "work.dead" };

static const struct topic_config *topic_at(const struct stream_config *stream, size_t which)
{
    const struct topic_config *const topics[TOPICS_NAMED] = { &stream->topic, &stream->work.output, &stream->work.dead };
    return topics[which];
}

static void check_count(const struct stream_config *stream, size_t which, const struct topic_config *other,
                        const struct config_place *place, struct config_report *report)
{
    const struct topic_config *topic = topic_at(stream, which);
    if (topic->name == NULL || other->name == NULL || strcmp(topic->name, other->name) != 0)
        return;
    if (topic->partitions == 0 || other->partitions == 0 || topic->partitions == other->partitions)
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.%s.partitions", stream->name, topic_parts[which]);
    config_mistake_at(report, place, part, "topic %s is wanted with %lld and with %lld partitions; allowed: one count", topic->name,
                      (long long)other->partitions, (long long)topic->partitions);
}

static void check_counts(const struct stream_config *stream, const struct stream_config *other, const struct config_place *place,
                         struct config_report *report)
{
    for (size_t which = 0; which < TOPICS_NAMED; which++)
        for (size_t others = 0; others < TOPICS_NAMED; others++)
            check_count(stream, which, topic_at(other, others), place, report);
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Two works of one topic and group would share its partitions by chance; two members of one name would drive each other out. */
static void check_membership(const struct stream_config *stream, const struct stream_config *other, const struct config_place *place,
                             struct config_report *report)
{
    if (!is_same(stream->work.group, other->work.group))
        return;
    char part[160];
    if (is_same(stream->topic.name, other->topic.name)) {
        snprintf(part, sizeof(part), "streams.%s.work.group", stream->name);
        config_mistake_at(report, place, part, "found \"%s\", which works topic %s in the stream %s already; allowed: another group",
                          stream->work.group, stream->topic.name, other->name);
    } else if (is_same(stream->work.instance, other->work.instance)) {
        snprintf(part, sizeof(part), "streams.%s.work.instance", stream->name);
        config_mistake_at(report, place, part,
                          "found \"%s\", which is the stream %s in group %s already; allowed: another name, or another group",
                          stream->work.instance, other->name, stream->work.group);
    }
}

/* Such a group never divides anything: the coordinator refuses whoever comes second. Under the protocol `consumer` each may wish
 * for a division of its own, and the broker chooses one. */
static bool divide_alike(const struct work_config *a, const struct work_config *b)
{
    const char *ones = work_assignor_name(a), *others = work_assignor_name(b);
    return a->protocol == b->protocol && (a->protocol != CONSUMER_PROTOCOL_CLASSIC || strcmp(ones, others) == 0);
}

static void check_division(const struct stream_config *stream, const struct stream_config *other, const struct config_place *place,
                           struct config_report *report)
{
    if (!is_same(stream->work.group, other->work.group) || divide_alike(&stream->work, &other->work))
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.work.group", stream->name);
    config_mistake_at(report, place, part,
                      "found \"%s\", where the stream %s has another protocol or assignor; allowed: the same in all of a group",
                      stream->work.group, other->name);
}

static void check_watch(const struct stream_config *stream, const struct config_place *place, struct config_report *report)
{
    if (!stream->watch.present || stream->work.group != NULL)
        return;
    char part[160];
    snprintf(part, sizeof(part), "streams.%s.watch", stream->name);
    config_mistake_at(report, place, part, "found a watch without a group; allowed: with `work.group`");
}

/* Values of labels are known when they come, but streams are all there: a slip would show 0 for ever. */
static void check_view(const struct settings *settings, size_t at, const struct config_place *place, struct config_report *report)
{
    const struct view_config *view = (const struct view_config *)settings->metrics.views.items + at;
    const struct config_pair *wanted = view->where.items;
    for (size_t i = 0; i < view->where.count; i++) {
        if (strcmp(wanted[i].name, "stream") != 0 || settings_stream(settings, wanted[i].value) != NULL)
            continue;
        char part[160];
        snprintf(part, sizeof(part), "metrics.views.%zu.where.stream", at);
        config_mistake_at(report, place, part, "found \"%s\"; allowed: a name in `streams`", wanted[i].value);
    }
}

/* An empty file is well-formed: cut off while it was written, or another one. With nothing to take and to answer it is none of ours. */
static void check_purpose(const struct settings *settings, const struct config_place *place, struct config_report *report)
{
    if (settings->streams.count == 0 && settings->listeners.count == 0)
        config_mistake_at(report, place, "streams", "found no streams and no listen; allowed: one of them at least");
}

void settings_check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct settings *settings = object;
    check_purpose(settings, place, report);
    const struct listener_config *listeners = settings->listeners.items;
    for (size_t i = 0; i < settings->listeners.count; i++)
        check_routes(settings, &listeners[i], place, report);
    const struct stream_config *streams = settings->streams.items;
    for (size_t i = 0; i < settings->streams.count; i++) {
        check_producer(settings, &streams[i], place, report);
        check_dead(settings, &streams[i], place, report);
        check_output(&streams[i], place, report);
        check_guarantee(settings, &streams[i], place, report);
        check_watch(&streams[i], place, report);
        for (size_t other = 0; other < i; other++)
            check_membership(&streams[i], &streams[other], place, report);
        for (size_t other = 0; other < i; other++)
            check_division(&streams[i], &streams[other], place, report);
        for (size_t other = 0; other < i; other++)
            check_counts(&streams[i], &streams[other], place, report);
    }
    for (size_t i = 0; i < settings->metrics.views.count; i++)
        check_view(settings, i, place, report);
}
