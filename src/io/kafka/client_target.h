/* client_target: where the handles of this process connect. */
#pragma once

#include "io/kafka/kafka_config.h"

struct embedded;

/* Where handles connect; both borrowed for the handles' life. */
struct client_target {
    const struct kafka_config *config;
    struct embedded *embedded; /* NULL: the configured brokers */
};
