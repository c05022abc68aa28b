/* client_target: where the handles of this process connect. */
#pragma once

#include "io/kafka/kafka_config.h"

struct embedded;

/* Where handles connect; both borrowed for the handles' life. */
struct client_target {
    const struct kafka_config *config;
    struct embedded *embedded; /* NULL: the configured brokers */
    bool nowhere;              /* no broker is told to the handle: it is made only to see whether it can be */
};

/* The version of librdkafka that is linked in, not the header's: "2.14.2". */
const char *client_library_version(void);
