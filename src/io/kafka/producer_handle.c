#include "io/kafka/producer_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>

#define TICK_MS          200
#define AVERAGE_WEIGHT   0.3 /* of the newest tick: half of what is known is a second old at most */
#define PURGE_EVERYTHING (RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING)

/* ---- the handle */

int producer_handle_open(struct producer *producer, struct error *err)
{
    rd_kafka_conf_t *conf = producer_conf(producer, err);
    if (conf == NULL)
        return E_INVALID;
    rd_kafka_t *client = client_open(RD_KAFKA_PRODUCER, conf, err);
    if (client == NULL)
        return E_INVALID;

    struct producer_handle *handle = mem_zalloc(sizeof(*handle));
    handle->producer = producer;
    handle->client = client;
    int rc = event_queue_open(&handle->events, client, producer->options.loop, producer_on_event, handle);
    if (rc != 0) {
        rd_kafka_destroy(client);
        mem_free(handle);
        return error_set(err, E_IO, "no wakeup: %s", uv_strerror(rc));
    }
    gate_enter(&producer->gate);
    producer->handle = handle;
    return 0;
}

static void on_client_closed(void *arg)
{
    struct producer_handle *handle = arg;
    struct gate *gate = &handle->producer->gate;
    mem_free(handle);
    gate_leave(gate);
}

static void on_events_closed(void *arg)
{
    struct producer_handle *handle = arg;
    client_close(handle->client, handle->producer->options.loop, on_client_closed, handle);
}

static void end_handle(struct producer *producer)
{
    struct producer_handle *handle = producer->handle;
    if (handle == NULL)
        return;
    list_each(link, &producer->topics)
        producer_topic_detach(list_entry(link, struct producer_topic, link));
    producer->handle = NULL;
    event_queue_close(&handle->events, on_events_closed, handle);
}

static void give_up(struct producer *producer)
{
    if (producer->handle != NULL && producer->in_flight_records > 0)
        rd_kafka_purge(producer->handle->client, PURGE_EVERYTHING);
}

/* ---- the moves */

void producer_renew(struct producer *producer)
{
    give_up(producer);
    if (producer->phase != PRODUCER_OPEN)
        return;
    producer->phase = PRODUCER_RENEWING;
    producer_settle(producer);
}

/* Tried again at each tick while it fails: then the system has no threads or descriptors left. */
static void begin_anew(struct producer *producer)
{
    struct error err;
    end_handle(producer);
    if (producer_handle_open(producer, &err) != 0) {
        log_error("producer", "%s cannot be made anew: %s", producer->label, err.message);
        return;
    }
    producer->phase = PRODUCER_OPEN;
    log_info("producer", "%s was made anew", producer->label);
}

static void finish_flush(struct producer *producer)
{
    void (*flushed)(void *arg) = producer->flushed;
    producer->flushed = NULL;
    if (flushed != NULL)
        flushed(producer->flushed_arg);
}

static void on_tick_closed(uv_handle_t *timer)
{
    struct producer *producer = timer->data;
    gate_leave(&producer->gate);
}

static void end(struct producer *producer)
{
    end_handle(producer);
    if (!uv_is_closing((uv_handle_t *)&producer->tick))
        uv_close((uv_handle_t *)&producer->tick, on_tick_closed);
}

void producer_settle(struct producer *producer)
{
    if (producer->in_flight_records > 0)
        return;
    if (producer->phase == PRODUCER_RENEWING)
        begin_anew(producer);
    else if (producer->phase == PRODUCER_FLUSHING)
        finish_flush(producer);
    else if (producer->phase == PRODUCER_CLOSING)
        end(producer);
}

/* ---- the tick */

static void average(double *rate, uint64_t count, double seconds)
{
    *rate += AVERAGE_WEIGHT * ((double)count / seconds - *rate);
}

static void measure_drain(struct producer *producer, uint64_t now_us)
{
    double seconds = (double)(now_us - producer->ticked_us) / 1e6;
    if (seconds <= 0)
        return;
    average(&producer->reports_per_second, producer->reports, seconds);
    average(&producer->bytes_per_second, producer->reported_bytes, seconds);
    producer->reports = 0;
    producer->reported_bytes = 0;
    producer->ticked_us = now_us;
}

static bool must_give_up(const struct producer *producer, uint64_t now_us)
{
    if (producer->phase == PRODUCER_FLUSHING)
        return producer->flushed != NULL && now_us >= producer->flush_deadline_us;
    return producer->phase == PRODUCER_CLOSING || producer->phase == PRODUCER_RENEWING;
}

static bool takes_nothing(const struct producer *producer)
{
    list_each(link, &producer->topics)
        if (list_entry(link, struct producer_topic, link)->breaker.state != BREAKER_CLOSED)
            return true;
    return false;
}

static void on_tick(uv_timer_t *timer)
{
    struct producer *producer = timer->data;
    uint64_t now_us = clock_us();
    measure_drain(producer, now_us);
    if (producer->handle != NULL)
        client_find_back(&producer->way_back, producer->handle->client, &producer->options.target, takes_nothing(producer), now_us);
    list_each(link, &producer->topics)
        producer_topic_tick(list_entry(link, struct producer_topic, link), now_us);
    metric_set(producer->queue_records_gauge, (double)producer->in_flight_records);
    metric_set(producer->queue_bytes_gauge, (double)producer->in_flight_bytes);
    if (must_give_up(producer, now_us))
        give_up(producer);
    producer_settle(producer);
}

void producer_flush(struct producer *producer, uint64_t deadline_us, void (*flushed)(void *arg), void *arg)
{
    producer->phase = PRODUCER_FLUSHING;
    producer->flush_deadline_us = deadline_us;
    producer->flushed = flushed;
    producer->flushed_arg = arg;
    uv_timer_start(&producer->tick, on_tick, 0, TICK_MS);
}

/* ---- opening and closing */

static char *label_of(const struct producer_config *config)
{
    char *label = mem_alloc(strlen(config->name) + sizeof("producer "));
    sprintf(label, "producer %s", config->name);
    return label;
}

int producer_check(const struct producer_options *options, struct error *err)
{
    struct producer producer = { .options = *options, .label = label_of(options->config) };
    rd_kafka_conf_t *conf = producer_conf(&producer, err);
    if (conf == NULL || client_try(RD_KAFKA_PRODUCER, conf, err) != 0)
        error_wrap(err, "%s", producer.label);
    else
        err->code = 0;
    mem_free(producer.label);
    return err->code;
}

struct producer *producer_open(const struct producer_options *options, struct error *err)
{
    struct producer *producer = mem_zalloc(sizeof(*producer));
    producer->options = *options;
    list_init(&producer->topics);
    list_init(&producer->link);
    gate_init(&producer->gate);
    producer->label = label_of(options->config);
    producer->statistics = client_statistics_open(options->statistics, "producer", options->config->name);
    if (producer_handle_open(producer, err) != 0) {
        error_wrap(err, "%s", producer->label);
        client_statistics_close(producer->statistics);
        mem_free(producer->label);
        mem_free(producer);
        return NULL;
    }
    producer->queue_records_gauge = metric(options->metrics, METRIC_PRODUCER_QUEUE, options->config->name);
    producer->queue_bytes_gauge = metric(options->metrics, METRIC_PRODUCER_QUEUE_BYTES, options->config->name);
    producer->ticked_us = clock_us();
    uv_timer_init(options->loop, &producer->tick);
    gate_enter(&producer->gate);
    producer->tick.data = producer;
    uv_timer_start(&producer->tick, on_tick, TICK_MS, TICK_MS);
    if (options->stats != NULL)
        list_push(&options->stats->producers, &producer->link);
    return producer;
}

static void on_all_closed(void *arg)
{
    struct producer *producer = arg;
    void (*closed)(void *arg) = producer->closed;
    void *closed_arg = producer->closed_arg;
    struct list *link;
    while ((link = list_pop(&producer->topics)) != NULL)
        producer_topic_free(list_entry(link, struct producer_topic, link));
    client_statistics_close(producer->statistics);
    mem_free(producer->label);
    mem_free(producer);
    closed(closed_arg);
}

void producer_close(struct producer *producer, void (*closed)(void *arg), void *arg)
{
    producer->closed = closed;
    producer->closed_arg = arg;
    producer->phase = PRODUCER_CLOSING;
    list_remove(&producer->link);
    gate_close(&producer->gate, on_all_closed, producer);
    finish_flush(producer);
    give_up(producer);
    producer_settle(producer);
}
