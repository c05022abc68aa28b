#include "app/node.h"
#include "base/memory.h"

#include <stdio.h>

static void on_pressure(void *arg, bool pressed)
{
    struct node_producer *producer = arg;
    struct node *node = producer->node;
    node->pressed += pressed ? 1 : -1u;
    for (size_t i = 0; i < node->settings->listeners.count; i++)
        if (node->routes[i].http != NULL)
            http_listener_hold_bodies(node->routes[i].http, node->pressed > 0);
}

static bool producer_is_ready(void *arg, struct error *err)
{
    struct node_producer *producer = arg;
    return producer_ready(producer->producer, err);
}

static void watch_producer(struct node_producer *producer, const char *name)
{
    snprintf(producer->check_name, sizeof(producer->check_name), "producer %s", name);
    producer->check = (struct health_check){ .name = producer->check_name, .ready = producer_is_ready, .arg = producer };
    health_add(&producer->node->health, &producer->check);
}

int producers_open(struct node *node, struct error *err)
{
    const struct producer_config *configs = node->settings->producers.items;
    producer_stats_init(&node->producer_stats, &node->stats);
    node->producers = mem_zalloc((node->settings->producers.count + 1) * sizeof(*node->producers));
    for (size_t i = 0; i < node->settings->producers.count; i++) {
        struct node_producer *producer = &node->producers[i];
        producer->node = node;
        producer->producer = producer_open(
            &(struct producer_options){
                .loop = &node->loop,
                .target = node_target(node),
                .config = &configs[i],
                .metrics = node->metrics,
                .stats = &node->producer_stats,
                .statistics = &node->statistics,
                .on_pressure = on_pressure,
                .arg = producer,
            },
            err);
        if (producer->producer == NULL)
            return error_wrap(err, "producers.%s", configs[i].name);
        watch_producer(producer, configs[i].name);
    }
    return 0;
}
