#include "io/kafka/topic_config.h"

#include <string.h>

#define TOPIC_NAME_MAX 249 /* Kafka: org.apache.kafka.common.internals.Topic */

static bool is_name(const char *name)
{
    size_t size = strlen(name);
    size_t legal = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return size > 0 && size <= TOPIC_NAME_MAX && legal == size && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

void topic_config_check(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct topic_config *config = object;
    if (config->name != NULL && !is_name(config->name))
        config_mistake_at(report, place, "name", "found the topic name \"%s\"; allowed: 1 to %d of a-z A-Z 0-9 . _ -", config->name,
                          TOPIC_NAME_MAX);
    if (config->config.count > 0 && !config->create)
        config_mistake(report, place, "found config for a topic that is not to be made; allowed: create: true, or no config");
}

#define TOPIC(member) offsetof(struct topic_config, member)
static const struct config_field topic_fields[] = {
    { .name = "name", CONFIG_STRING, TOPIC(name), NULL, "The topic's name.", .required = true },
    { .name = "partitions",
      CONFIG_INT,
      TOPIC(partitions),
      "0",
      "How many it has; another count is reported, never altered. 0: any.",
      .max = 100000 },
    { .name = "replication",
      CONFIG_INT,
      TOPIC(replication),
      "0",
      "Copies of each partition when it is made; 0: as the broker decides.",
      .max = 1000 },
    { .name = "create", CONFIG_BOOL, TOPIC(create), "false", "Make it when it is missing." },
    { .name = "config",
      CONFIG_MAP,
      TOPIC(config),
      NULL,
      "The broker's settings for the topic when it is made, such as min.insync.replicas." },
    { .name = NULL },
};

const struct config_schema topic_schema = {
    .name = "topic",
    .doc = "A topic.",
    .size = sizeof(struct topic_config),
    .fields = topic_fields,
    .shorthand = "name",
    .check = topic_config_check,
};
