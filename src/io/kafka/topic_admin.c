#include "io/kafka/topic_admin.h"

#include "base/memory.h"
#include "io/kafka/client.h"

static rd_kafka_AdminOptions_t *options_for(rd_kafka_t *handle, rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(handle, operation);
    rd_kafka_AdminOptions_set_request_timeout(options, TOPIC_ADMIN_TIMEOUT_MS, NULL, 0);
    return options;
}

static rd_kafka_AdminOptions_t *options_to(int32_t broker, rd_kafka_t *handle, rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = options_for(handle, operation);
    if (broker != TOPIC_ADMIN_CONTROLLER)
        rd_kafka_AdminOptions_set_broker(options, broker, NULL, 0);
    return options;
}

void topic_admin_describe(rd_kafka_t *handle, int32_t broker, const char **names, size_t count, rd_kafka_queue_t *queue)
{
    rd_kafka_AdminOptions_t *options = options_to(broker, handle, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(names, count);
    rd_kafka_DescribeTopics(handle, topics, options, queue);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
}

void topic_admin_describe_settings(rd_kafka_t *handle, int32_t broker, const char **names, size_t count, rd_kafka_queue_t *queue)
{
    rd_kafka_AdminOptions_t *options = options_to(broker, handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_ConfigResource_t **resources = mem_alloc(count * sizeof(rd_kafka_ConfigResource_t *));
    for (size_t i = 0; i < count; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, names[i]);
    rd_kafka_DescribeConfigs(handle, resources, count, options, queue);
    rd_kafka_ConfigResource_destroy_array(resources, count);
    mem_free(resources);
    rd_kafka_AdminOptions_destroy(options);
}

static int set_config(rd_kafka_NewTopic_t *topic, const struct topic_config *config, struct error *err)
{
    const struct config_pair *pairs = config->config.items;
    for (size_t i = 0; i < config->config.count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_NewTopic_set_config(topic, pairs[i].name, pairs[i].value);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return error_set(err, E_INVALID, "topic %s: config %s: %s", config->name, pairs[i].name, client_reason(code));
    }
    return 0;
}

int topic_admin_create(rd_kafka_t *handle, const struct topic_config *config, rd_kafka_queue_t *queue, struct error *err)
{
    char reason[256] = "";
    int partitions = config->partitions == 0 ? -1 : (int)config->partitions; /* -1: the broker's default (KIP-464) */
    int replication = config->replication == 0 ? -1 : (int)config->replication;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(config->name, partitions, replication, reason, sizeof(reason));
    if (topic == NULL)
        return error_set(err, E_INVALID, "topic %s: %s", config->name, reason);

    int rc = set_config(topic, config, err);
    if (rc == 0) {
        rd_kafka_AdminOptions_t *options = options_for(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        rd_kafka_CreateTopics(handle, &topic, 1, options, queue);
        rd_kafka_AdminOptions_destroy(options);
    }
    rd_kafka_NewTopic_destroy(topic);
    return rc;
}
