/* topic_admin: the questions that io/kafka/topics asks the brokers, in librdkafka's admin words. All are asynchronous: the answer is an
 * event on `queue` (RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, _DESCRIBECONFIGS_RESULT, _CREATETOPICS_RESULT). */
#pragma once

#include "io/kafka/topic_config.h"

#include <librdkafka/rdkafka.h>

#define TOPIC_ADMIN_TIMEOUT_MS 2000

#define TOPIC_ADMIN_CONTROLLER (-1)

/* Asks a broker, by its id or the cluster's controller, what it knows of the topics; count > 0. */
void topic_admin_describe(rd_kafka_t *handle, int32_t broker, const char **names, size_t count, rd_kafka_queue_t *queue);

/* Asks how topics that are there are set up. */
void topic_admin_describe_settings(rd_kafka_t *handle, int32_t broker, const char **names, size_t count, rd_kafka_queue_t *queue);

/* Asks to make a topic. 0, or E_INVALID (never an answer then) when librdkafka itself refuses what is asked. */
int topic_admin_create(rd_kafka_t *handle, const struct topic_config *config, rd_kafka_queue_t *queue, struct error *err);
