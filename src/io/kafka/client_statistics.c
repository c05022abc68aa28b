#include "io/kafka/client_statistics.h"

#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/client.h"

#include <stdio.h>

/* ---- the table: where in librdkafka's STATISTICS.md, which metric, and by how much its unit is greater than ours */

enum about { OF_CLIENT, OF_GROUP, OF_BROKER };

struct reading {
    enum about about;
    enum metric_id id;
    const char *label; /* what the metric has besides client and broker; NULL: nothing */
    const char *window;
    const char *field;
    double scale;
};

static const struct reading readings[] = {
    { OF_CLIENT, METRIC_KAFKA_REPLIES_WAITING, NULL, NULL, "replyq", 1 },
    { OF_GROUP, METRIC_KAFKA_GROUP_REBALANCES, NULL, NULL, "rebalance_cnt", 1 },
    { OF_GROUP, METRIC_KAFKA_GROUP_REBALANCE_AGE, NULL, NULL, "rebalance_age", 1e-3 },
    { OF_BROKER, METRIC_KAFKA_BROKER_REQUESTS, NULL, NULL, "tx", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_REQUESTS_WAITING, NULL, NULL, "outbuf_cnt", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_REQUESTS_IN_FLIGHT, NULL, NULL, "waitresp_cnt", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_SENT_BYTES, NULL, NULL, "txbytes", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_RECEIVED_BYTES, NULL, NULL, "rxbytes", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_ERRORS, "send", NULL, "txerrs", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_ERRORS, "receive", NULL, "rxerrs", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_ERRORS, "timeout", NULL, "req_timeouts", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_RETRIES, NULL, NULL, "txretries", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_CONNECTS, NULL, NULL, "connects", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_DISCONNECTS, NULL, NULL, "disconnects", 1 },
    { OF_BROKER, METRIC_KAFKA_BROKER_RTT, "avg", "rtt", "avg", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_BROKER_RTT, "p99", "rtt", "p99", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_BROKER_RTT, "max", "rtt", "max", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_BROKER_THROTTLE, "avg", "throttle", "avg", 1e-3 },
    { OF_BROKER, METRIC_KAFKA_BROKER_THROTTLE, "max", "throttle", "max", 1e-3 },
    { OF_BROKER, METRIC_KAFKA_QUEUE_LATENCY, "avg", "int_latency", "avg", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_QUEUE_LATENCY, "p99", "int_latency", "p99", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_QUEUE_LATENCY, "max", "int_latency", "max", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_SEND_LATENCY, "avg", "outbuf_latency", "avg", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_SEND_LATENCY, "p99", "outbuf_latency", "p99", 1e-6 },
    { OF_BROKER, METRIC_KAFKA_SEND_LATENCY, "max", "outbuf_latency", "max", 1e-6 },
};

enum { READINGS = sizeof(readings) / sizeof(readings[0]), COORDINATOR = -2, STATE_SIZE = 24 };

struct broker {
    struct list link; /* in its client's */
    int64_t id;       /* COORDINATOR, or the node's */
    char label[24];
    bool seen; /* in the last text */
    char state[STATE_SIZE];
    struct series *up;
    struct series *series[READINGS]; /* NULL before the first value */
};

struct client_statistics {
    struct list link; /* in statistics.clients */
    struct statistics *statistics;
    char *name;
    struct list brokers;
    struct series *series[READINGS];
    struct series *fetched_records, *fetched_bytes; /* NULL for a producer */
};

/* ---- values */

static struct series *find_series(const struct client_statistics *client, const struct reading *reading, const char *broker)
{
    if (reading->about != OF_BROKER)
        return metric(client->statistics->metrics, reading->id, client->name);
    if (reading->label == NULL)
        return metric(client->statistics->metrics, reading->id, client->name, broker);
    return metric(client->statistics->metrics, reading->id, client->name, broker, reading->label);
}

static void hide(struct series *series)
{
    if (series != NULL)
        metric_hide(series);
}

/* `object` NULL: it is not told, like a window in which nothing happened. */
static void read_value(const struct client_statistics *client, size_t row, yyjson_val *object, const char *broker, struct series **series)
{
    const struct reading *reading = &readings[row];
    yyjson_val *window = reading->window == NULL ? object : yyjson_obj_get(object, reading->window);
    yyjson_val *value = yyjson_obj_get(window, reading->field);
    bool empty = reading->window != NULL && yyjson_get_uint(yyjson_obj_get(window, "cnt")) == 0;
    if (!yyjson_is_num(value) || empty) {
        hide(*series);
        return;
    }
    if (*series == NULL)
        *series = find_series(client, reading, broker);
    metric_set(*series, yyjson_get_num(value) * reading->scale);
}

static void read_all(const struct client_statistics *client, enum about about, yyjson_val *object, const char *broker,
                     struct series *series[READINGS])
{
    for (size_t row = 0; row < READINGS; row++)
        if (readings[row].about == about)
            read_value(client, row, object, broker, &series[row]);
}

/* ---- brokers */

static struct broker *add_broker(struct client_statistics *client, int64_t id)
{
    struct broker *broker = mem_zalloc(sizeof(*broker));
    broker->id = id;
    if (id == COORDINATOR)
        snprintf(broker->label, sizeof(broker->label), "coordinator");
    else
        snprintf(broker->label, sizeof(broker->label), "%lld", (long long)id);
    broker->up = metric(client->statistics->metrics, METRIC_KAFKA_BROKER_UP, client->name, broker->label);
    list_push(&client->brokers, &broker->link);
    return broker;
}

static struct broker *find_broker(struct client_statistics *client, int64_t id)
{
    list_each(link, &client->brokers) {
        struct broker *broker = list_entry(link, struct broker, link);
        if (broker->id == id)
            return broker;
    }
    return add_broker(client, id);
}

static void read_broker(struct client_statistics *client, yyjson_val *json)
{
    int64_t id = yyjson_get_sint(yyjson_obj_get(json, "nodeid"));
    const char *state = yyjson_get_str(yyjson_obj_get(json, "state"));
    if (yyjson_equals_str(yyjson_obj_get(json, "source"), "logical"))
        id = COORDINATOR;
    if (id == -1 || state == NULL)
        return;
    struct broker *broker = find_broker(client, id);
    broker->seen = true;
    snprintf(broker->state, sizeof(broker->state), "%s", state);
    metric_set(broker->up, strcmp(state, "UP") == 0);
    read_all(client, OF_BROKER, json, broker->label, broker->series);
}

static void forget_broker(struct broker *broker)
{
    metric_hide(broker->up);
    for (size_t row = 0; row < READINGS; row++)
        hide(broker->series[row]);
    list_remove(&broker->link);
    mem_free(broker);
}

static void read_brokers(struct client_statistics *client, yyjson_val *brokers)
{
    size_t i, count;
    yyjson_val *name, *json;
    list_each(link, &client->brokers)
        list_entry(link, struct broker, link)->seen = false;
    yyjson_obj_foreach(brokers, i, count, name, json)
        read_broker(client, json);
    list_each(link, &client->brokers)
        if (!list_entry(link, struct broker, link)->seen)
            forget_broker(list_entry(link, struct broker, link));
}

/* ---- what was fetched and not taken, over all partitions */

static double sum_of_partitions(yyjson_val *topics, const char *field)
{
    double sum = 0;
    size_t i, count, k, partition_count;
    yyjson_val *name, *topic, *number, *partition;
    yyjson_obj_foreach(topics, i, count, name, topic)
        yyjson_obj_foreach(yyjson_obj_get(topic, "partitions"), k, partition_count, number, partition)
            sum += yyjson_get_num(yyjson_obj_get(partition, field));
    return sum;
}

static void read_fetched(struct client_statistics *client, yyjson_val *topics)
{
    struct metrics *metrics = client->statistics->metrics;
    if (client->fetched_records == NULL) {
        client->fetched_records = metric(metrics, METRIC_KAFKA_FETCHED_RECORDS, client->name);
        client->fetched_bytes = metric(metrics, METRIC_KAFKA_FETCHED_BYTES, client->name);
    }
    metric_set(client->fetched_records, sum_of_partitions(topics, "fetchq_cnt"));
    metric_set(client->fetched_bytes, sum_of_partitions(topics, "fetchq_size"));
}

void client_statistics_read(struct client_statistics *client, struct text json)
{
    yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(yyjson_obj_get(root, "brokers"))) {
        log_debug("kafka", "%s: its statistics cannot be read", client->name);
        yyjson_doc_free(doc);
        return;
    }
    read_all(client, OF_CLIENT, root, NULL, client->series);
    read_all(client, OF_GROUP, yyjson_obj_get(root, "cgrp"), NULL, client->series);
    read_brokers(client, yyjson_obj_get(root, "brokers"));
    if (yyjson_equals_str(yyjson_obj_get(root, "type"), "consumer"))
        read_fetched(client, yyjson_obj_get(root, "topics"));
    yyjson_doc_free(doc);
}

/* ---- clients */

const struct client_statistics *client_statistics_of(const struct list *link)
{
    return list_entry(link, struct client_statistics, link);
}

struct client_statistics *client_statistics_open(struct statistics *statistics, const char *kind, const char *name)
{
    if (statistics == NULL)
        return NULL;
    struct client_statistics *client = mem_zalloc(sizeof(*client));
    size_t size = strlen(kind) + strlen(name) + 2;
    client->statistics = statistics;
    client->name = mem_alloc(size);
    snprintf(client->name, size, "%s %s", kind, name);
    list_init(&client->brokers);
    list_push(&statistics->clients, &client->link);
    return client;
}

void client_statistics_close(struct client_statistics *client)
{
    if (client == NULL)
        return;
    list_each(link, &client->brokers)
        forget_broker(list_entry(link, struct broker, link));
    for (size_t row = 0; row < READINGS; row++)
        hide(client->series[row]);
    hide(client->fetched_records);
    hide(client->fetched_bytes);
    list_remove(&client->link);
    mem_free(client->name);
    mem_free(client);
}

int client_statistics_set(const struct client_statistics *client, rd_kafka_conf_t *conf, const struct kafka_config *config,
                          struct error *err)
{
    if (client == NULL)
        return 0;
    return client_set(conf, err, "statistics.interval.ms", "%llu", (unsigned long long)(config->statistics_us / 1000));
}

/* ---- the section */

/* In milliseconds; null where the last interval had none. */
static void add_window(yyjson_mut_doc *doc, yyjson_mut_val *row, const char *name, const struct broker *broker, enum metric_id id,
                       const char *label)
{
    for (size_t i = 0; i < READINGS; i++) {
        const struct series *series = broker->series[i];
        if (readings[i].id != id || strcmp(readings[i].label, label) != 0)
            continue;
        if (series == NULL || series->hidden)
            yyjson_mut_obj_add_null(doc, row, name);
        else
            yyjson_mut_obj_add_real(doc, row, name, metric_value(series) * 1000);
    }
}

static void add_count(yyjson_mut_doc *doc, yyjson_mut_val *row, const char *name, const struct broker *broker, enum metric_id id)
{
    double sum = 0;
    for (size_t i = 0; i < READINGS; i++)
        if (readings[i].id == id && broker->series[i] != NULL)
            sum += metric_value(broker->series[i]);
    yyjson_mut_obj_add_uint(doc, row, name, (uint64_t)sum);
}

static void add_row(yyjson_mut_doc *doc, yyjson_mut_val *rows, const struct client_statistics *client, const struct broker *broker)
{
    yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
    yyjson_mut_obj_add_strcpy(doc, row, "client", client->name);
    yyjson_mut_obj_add_strcpy(doc, row, "broker", broker->label);
    yyjson_mut_obj_add_strcpy(doc, row, "state", broker->state);
    add_window(doc, row, "rtt_ms", broker, METRIC_KAFKA_BROKER_RTT, "avg");
    add_window(doc, row, "rtt_p99_ms", broker, METRIC_KAFKA_BROKER_RTT, "p99");
    add_window(doc, row, "throttle_ms", broker, METRIC_KAFKA_BROKER_THROTTLE, "max");
    add_count(doc, row, "in_flight", broker, METRIC_KAFKA_BROKER_REQUESTS_IN_FLIGHT);
    add_count(doc, row, "requests", broker, METRIC_KAFKA_BROKER_REQUESTS);
    add_count(doc, row, "errors", broker, METRIC_KAFKA_BROKER_ERRORS);
    add_count(doc, row, "disconnects", broker, METRIC_KAFKA_BROKER_DISCONNECTS);
}

void client_statistics_add_rows(const struct client_statistics *client, yyjson_mut_doc *doc, yyjson_mut_val *rows)
{
    list_each(link, &client->brokers)
        add_row(doc, rows, client, list_entry(link, struct broker, link));
}
