#include "io/kafka/producer_stats.h"

#include "base/clock.h"
#include "io/kafka/embedded.h"
#include "io/kafka/producer_state.h"

#define TOP_KEYS 10

static const char *phase_name(enum producer_phase phase)
{
    static const char *const names[] = { "open", "being made anew", "flushing", "closing" };
    return names[phase];
}

static double milliseconds(uint64_t microseconds)
{
    return (double)microseconds / 1000;
}

static void add_topic(yyjson_mut_doc *doc, yyjson_mut_val *topics, struct producer_topic *topic, uint64_t now_us)
{
    struct breaker_queue queue = producer_topic_queue(topic);
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, topics);
    yyjson_mut_obj_add_strcpy(doc, value, "topic", topic_name(topic->topic));
    yyjson_mut_obj_add_strcpy(doc, value, "stream", topic->stream);
    yyjson_mut_obj_add_bool(doc, value, "present", topic_present(topic->topic));
    yyjson_mut_obj_add_int(doc, value, "partitions", topic_partitions(topic->topic));
    yyjson_mut_obj_add_uint(doc, value, "in_flight", topic->in_flight_records);
    yyjson_mut_obj_add_real(doc, value, "oldest_ms", queue.records == 0 ? 0 : milliseconds(now_us - queue.oldest_us));
    yyjson_mut_obj_add_real(doc, value, "produced", metric_value(topic->produced));
    if (topic->embedded != NULL)
        yyjson_mut_obj_add_real(doc, value, "embedded_fill", embedded_fill(topic->embedded));
}

static void add_producer(yyjson_mut_doc *doc, yyjson_mut_val *producers, struct producer *producer)
{
    uint64_t now_us = clock_us();
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, producers);
    yyjson_mut_obj_add_strcpy(doc, value, "name", producer->options.config->name);
    yyjson_mut_obj_add_str(doc, value, "phase", phase_name(producer->phase));
    yyjson_mut_obj_add_uint(doc, value, "queue_records", producer->in_flight_records);
    yyjson_mut_obj_add_uint(doc, value, "queue_bytes", producer->in_flight_bytes);
    yyjson_mut_obj_add_real(doc, value, "room", producer_room(producer));
    yyjson_mut_obj_add_bool(doc, value, "pressed", producer->pressed);
    yyjson_mut_obj_add_real(doc, value, "reports_per_second", producer->reports_per_second);
    yyjson_mut_val *topics = yyjson_mut_obj_add_arr(doc, value, "topics");
    list_each(link, &producer->topics)
        add_topic(doc, topics, list_entry(link, struct producer_topic, link), now_us);
}

static void add_breaker(yyjson_mut_doc *doc, yyjson_mut_val *breakers, const struct producer_topic *topic)
{
    const struct breaker *breaker = &topic->breaker;
    uint64_t now_us = clock_us();
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, breakers);
    yyjson_mut_obj_add_strcpy(doc, value, "topic", topic_name(topic->topic));
    yyjson_mut_obj_add_strcpy(doc, value, "stream", topic->stream);
    yyjson_mut_obj_add_str(doc, value, "state", breaker_state_name(breaker->state));
    yyjson_mut_obj_add_real(doc, value, "since_ms", milliseconds(now_us - breaker->since_us));
    yyjson_mut_obj_add_uint(doc, value, "opened", breaker->opened_count);
    yyjson_mut_obj_add_uint(doc, value, "failures_in_a_row", breaker->failures);
    yyjson_mut_obj_add_real(doc, value, "retry_after_ms", milliseconds(breaker_retry_after_us(breaker, now_us)));
}

static void add_hot_keys(yyjson_mut_doc *doc, yyjson_mut_val *rows, struct producer_topic *topic)
{
    struct hot_key top[TOP_KEYS];
    size_t count = hot_keys_top(topic->hot_keys, clock_us(), top, TOP_KEYS);
    uint64_t total = hot_keys_total(topic->hot_keys);
    for (size_t i = 0; i < count; i++) {
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        yyjson_mut_obj_add_strcpy(doc, row, "topic", topic_name(topic->topic));
        stats_add_text(doc, row, "key", top[i].key);
        yyjson_mut_obj_add_uint(doc, row, "count", top[i].count);
        yyjson_mut_obj_add_uint(doc, row, "error", top[i].error);
        yyjson_mut_obj_add_real(doc, row, "share", total == 0 ? 0 : (double)top[i].count / (double)total);
    }
}

static yyjson_mut_val *fill_producer(void *arg, yyjson_mut_doc *doc)
{
    struct producer_stats *stats = arg;
    yyjson_mut_val *producers = yyjson_mut_arr(doc);
    list_each(link, &stats->producers)
        add_producer(doc, producers, list_entry(link, struct producer, link));
    return producers;
}

static yyjson_mut_val *fill_breaker(void *arg, yyjson_mut_doc *doc)
{
    struct producer_stats *stats = arg;
    yyjson_mut_val *breakers = yyjson_mut_arr(doc);
    list_each(link, &stats->producers)
        list_each(topic_link, &list_entry(link, struct producer, link)->topics)
            add_breaker(doc, breakers, list_entry(topic_link, struct producer_topic, link));
    return breakers;
}

static yyjson_mut_val *fill_hot_keys(void *arg, yyjson_mut_doc *doc)
{
    struct producer_stats *stats = arg;
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    list_each(link, &stats->producers)
        list_each(topic_link, &list_entry(link, struct producer, link)->topics)
            add_hot_keys(doc, rows, list_entry(topic_link, struct producer_topic, link));
    return rows;
}

void producer_stats_init(struct producer_stats *stats, struct stats *registry)
{
    list_init(&stats->producers);
    stats->producer = (struct stats_section){
        .name = "producer", .summary = "Queues to the brokers, a row each producer and topic.", .fill = fill_producer, .arg = stats
    };
    stats->breaker = (struct stats_section){
        .name = "breaker", .summary = "Which topics are taken for broken, and since when.", .fill = fill_breaker, .arg = stats
    };
    stats->hot_keys = (struct stats_section){
        .name = "hot_keys", .summary = "The keys sent most often in the last minutes.", .fill = fill_hot_keys, .arg = stats
    };
    stats_add(registry, &stats->producer);
    stats_add(registry, &stats->breaker);
    stats_add(registry, &stats->hot_keys);
}

void producer_stats_close(struct producer_stats *stats)
{
    stats_remove(&stats->producer);
    stats_remove(&stats->breaker);
    stats_remove(&stats->hot_keys);
}
