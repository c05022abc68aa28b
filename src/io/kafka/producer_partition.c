#include "io/kafka/producer_state.h"

static bool has_leader(const void *client, int32_t partition)
{
    return rd_kafka_topic_partition_available(client, partition) != 0;
}

/* Called within producer_send; but for a record that librdkafka kept until it knew the topic, from a thread of its own: that one's
 * partition is not known here before its report, and `spread` is not touched. */
static int32_t choose(const rd_kafka_topic_t *client, const void *key, size_t key_size, int32_t partitions, void *topic_arg,
                      void *request_arg)
{
    struct producer_topic *topic = topic_arg;
    struct producer_send_request *request = request_arg;
    uv_thread_t here = uv_thread_self();
    if (!uv_thread_equal(&here, &topic->loop_thread))
        return rd_kafka_msg_partitioner_murmur2_random(client, key, key_size, partitions, NULL, NULL);
    if (key == NULL)
        request->partition = spread_choose(&topic->spread, partitions, request->sent_us, has_leader, client);
    else
        request->partition = rd_kafka_msg_partitioner_murmur2(client, key, key_size, partitions, NULL, NULL);
    return request->partition;
}

static bool names_partitioner(const struct config_list *properties)
{
    const struct config_pair *pairs = properties->items;
    for (size_t i = 0; i < properties->count; i++)
        if (strcmp(pairs[i].name, "partitioner") == 0)
            return true;
    return false;
}

bool producer_partitions(const struct producer *producer)
{
    return !names_partitioner(&producer->options.config->properties) && !names_partitioner(&producer->options.target.config->properties);
}

void producer_topic_set_partitioner(struct producer_topic *topic, rd_kafka_topic_conf_t *conf)
{
    if (!producer_partitions(topic->producer))
        return;
    rd_kafka_topic_conf_set_partitioner_cb(conf, choose);
    rd_kafka_topic_conf_set_opaque(conf, topic);
}
