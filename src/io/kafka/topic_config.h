/* topic_config: `topic: { name: jobs_topic, partitions: 20, replication: 1, create: true, config: {...} }`, or just its name. */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct topic_config {
    const char *name;
    int64_t partitions;        /* 0: as many as the topic has; the broker's default when it is created */
    int64_t replication;       /* 0: the broker's default; used only at creation */
    bool create;               /* make it when it is missing */
    struct config_list config; /* of struct config_pair: the broker's settings for a topic, used only at creation */
};

extern const struct config_schema topic_schema;

/* The schema's check, for others that read a topic: `object` is a struct topic_config. */
void topic_config_check(const void *object, const struct config_place *place, struct config_report *report);
