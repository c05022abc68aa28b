/* client_statistics: a client's part of io/kafka/statistics.h. For io/kafka only. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "io/kafka/kafka_config.h"
#include "io/kafka/statistics.h"

#include <librdkafka/rdkafka.h>

struct client_statistics; /* opaque */

/* "producer" and "durable" for "producer durable"; copied. `statistics` may be NULL: then there are none, and this is NULL. */
struct client_statistics *client_statistics_open(struct statistics *statistics, const char *kind, const char *name);

/* What it told last is told no longer. NULL: nothing. */
void client_statistics_close(struct client_statistics *client);

/* Asks a handle of this client for them, where the configuration wants them. Returns 0 or a code. */
int client_statistics_set(const struct client_statistics *client, rd_kafka_conf_t *conf, const struct kafka_config *config,
                          struct error *err);

/* An RD_KAFKA_EVENT_STATS. A text that is none of librdkafka's changes nothing. */
void client_statistics_read(struct client_statistics *client, struct text json);

/* Rows of the section, one a broker. */
void client_statistics_add_rows(const struct client_statistics *client, yyjson_mut_doc *doc, yyjson_mut_val *rows);

/* The client whose link in statistics.clients this is. */
const struct client_statistics *client_statistics_of(const struct list *link);
