#include "io/kafka/group_question.h"

#include "base/memory.h"
#include "io/kafka/client.h"

static void end(struct group_reader *reader, const struct error *err)
{
    struct group_partition *partitions = reader->partitions;
    reader->asking = false;
    reader->partitions = NULL;
    reader->done(reader->arg, err == NULL ? &reader->reading : NULL, err);
    mem_free(partitions);
}

static void next_step(struct group_reader *reader)
{
    reader->step++;
    while (reader->step < GROUP_STEPS && group_steps[reader->step].is_needed != NULL && !group_steps[reader->step].is_needed(reader))
        reader->step++;
    if (reader->step < GROUP_STEPS)
        group_steps[reader->step].ask(reader);
    else
        end(reader, NULL);
}

static void on_step_ended(struct group_reader *reader, const char *refusal)
{
    struct error err;
    if (refusal == NULL) {
        next_step(reader);
        return;
    }
    error_set(&err, E_UNAVAILABLE, "group %s in topic %s could not be asked: %s", reader->group, reader->topic, refusal);
    end(reader, &err);
}

static void end_handle(struct group_reader *reader);

void group_step_ended(struct group_reader *reader, const char *refusal)
{
    reader->blocked = false;
    if (reader->closing)
        end_handle(reader);
    else if (!reader->leaving)
        on_step_ended(reader, refusal);
}

static void on_event(void *arg, rd_kafka_event_t *event)
{
    struct group_reader *reader = arg;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
        client_on_error(reader->handle, event);
        return;
    }
    if (!reader->asking || reader->blocked)
        return;
    bool failed = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR;
    on_step_ended(reader, failed ? rd_kafka_event_error_string(event) : group_steps[reader->step].read(reader, event));
}

int group_reader_ask(struct group_reader *reader, group_reading_cb done, void *arg, struct error *err)
{
    /* A question to a broker that is gone would make librdkafka connect without a pause: topics_answers.c tells. */
    if (!client_is_connected(reader->handle))
        return error_set(err, E_UNAVAILABLE, "group %s in topic %s could not be asked: no connection to %s", reader->group, reader->topic,
                         client_brokers(&reader->target));
    reader->asking = true;
    reader->step = 0;
    reader->done = done;
    reader->arg = arg;
    reader->reading = (struct group_reading){ .members = GROUP_NOTHING, .brokers = GROUP_NOTHING };
    group_steps[0].ask(reader);
    return 0;
}

/* --- the reader --- */

/* A consumer that never subscribes, so it joins nothing, and has the group's id, so that it may ask for its commits. */
static rd_kafka_conf_t *reader_conf(const struct client_target *target, const char *group, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(target, "watch", err);
    if (conf == NULL || client_set(conf, err, "group.id", "%s", group) == 0)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

int group_reader_check(const struct client_target *target, const char *group, struct error *err)
{
    rd_kafka_conf_t *conf = reader_conf(target, group, err);
    return conf == NULL ? err->code : client_try(RD_KAFKA_CONSUMER, conf, err);
}

static int open_handle(struct group_reader *reader, struct error *err)
{
    rd_kafka_conf_t *conf = reader_conf(&reader->target, reader->group, err);
    if (conf == NULL)
        return E_INVALID;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
    reader->handle = client_open(RD_KAFKA_CONSUMER, conf, err);
    return reader->handle == NULL ? E_INVALID : 0;
}

struct group_reader *group_reader_open(uv_loop_t *loop, const struct client_target *target, const char *group, const char *topic,
                                       struct error *err)
{
    struct group_reader *reader = mem_zalloc(sizeof(*reader));
    reader->loop = loop;
    reader->target = *target;
    reader->group = group;
    reader->topic = topic;
    if (open_handle(reader, err) != 0)
        goto fail;
    int rc = event_queue_open(&reader->events, reader->handle, loop, on_event, reader);
    if (rc == 0)
        return reader;
    error_set(err, E_IO, "watch: no wakeup: %s", uv_strerror(rc));
    rd_kafka_destroy(reader->handle);
fail:
    mem_free(reader);
    return NULL;
}

static void on_handle_closed(void *arg)
{
    struct group_reader *reader = arg;
    reader->closed(reader->closed_arg);
    mem_free(reader);
}

static void end_handle(struct group_reader *reader)
{
    client_close(reader->handle, reader->loop, on_handle_closed, reader);
}

static void on_events_closed(void *arg)
{
    struct group_reader *reader = arg;
    struct error err;
    error_set(&err, E_CANCELED, "the watch ends");
    if (reader->asking)
        end(reader, &err);
    reader->closing = true;
    if (!reader->blocked)
        end_handle(reader);
}

void group_reader_close(struct group_reader *reader, void (*closed)(void *arg), void *arg)
{
    reader->closed = closed;
    reader->closed_arg = arg;
    reader->leaving = true;
    event_queue_close(&reader->events, on_events_closed, reader);
}
