/* How topics that are there are set up: asked once for each, after it was found. Who may not ask (an access list) goes without. */
#include "io/kafka/topics_state.h"

#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/topic_admin.h"

#include <stdlib.h>
#include <string.h>

void topics_ask_settings(struct topics *topics, int32_t broker)
{
    if (topics->target.embedded != NULL) /* the mock cluster has no answer */
        return;
    const char **names = mem_alloc(topics->count * sizeof(*names));
    size_t count = 0;
    list_each(link, &topics->all) {
        struct topic *topic = list_entry(link, struct topic, link);
        if (!topic->present || topic->settings_asked)
            continue;
        topic->settings_asked = true;
        names[count++] = topic->wanted.name;
    }
    if (count > 0)
        topic_admin_describe_settings(topics->handle, broker, names, count, topics->events.queue);
    mem_free(names);
}

static void on_setting(struct topics *topics, struct topic *topic, const rd_kafka_ConfigEntry_t *entry)
{
    const char *value = rd_kafka_ConfigEntry_value(entry);
    if (value == NULL || strcmp(rd_kafka_ConfigEntry_name(entry), "max.message.bytes") != 0)
        return;
    topic->batch_bytes_max = strtoull(value, NULL, 10);
    topics->dirty = true;
}

static void on_topic(struct topics *topics, const rd_kafka_ConfigResource_t *resource)
{
    struct topic *topic = topics_find(topics, rd_kafka_ConfigResource_name(resource));
    size_t count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    if (topic == NULL)
        return;
    if (rd_kafka_ConfigResource_error(resource) != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_info("topics", "the settings of topic %s are not told: %s", topic->wanted.name,
                 client_reason(rd_kafka_ConfigResource_error(resource)));
    for (size_t i = 0; i < count; i++)
        on_setting(topics, topic, entries[i]);
}

void topics_on_settings(struct topics *topics, rd_kafka_event_t *event)
{
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_info("topics", "the settings of topics are not told: %s", rd_kafka_event_error_string(event));
        return;
    }
    size_t count;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++)
        on_topic(topics, resources[i]);
}
