#include "io/kafka/group_question.h"

#include "base/memory.h"
#include "io/kafka/client.h"

/* --- a question, step by step --- */

static void end(struct question *question, const struct error *err)
{
    list_remove(&question->link);
    question->done(question->arg, err == NULL ? &question->reading : NULL, err);
    mem_free(question->partitions);
    mem_free(question);
}

static void next_step(struct question *question)
{
    question->step++;
    while (question->step < GROUP_STEPS && group_steps[question->step].is_needed != NULL &&
           !group_steps[question->step].is_needed(question))
        question->step++;
    if (question->step < GROUP_STEPS)
        group_steps[question->step].ask(question);
    else
        end(question, NULL);
}

static void on_answer(struct question *question, rd_kafka_event_t *event)
{
    const char *refusal = rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_event_error_string(event)
                                                                                    : group_steps[question->step].read(question, event);
    if (refusal == NULL) {
        next_step(question);
        return;
    }
    struct error err;
    error_set(&err, E_UNAVAILABLE, "group %s in topic %s could not be asked: %s", question->group, question->topic, refusal);
    end(question, &err);
}

static void on_event(void *arg, rd_kafka_event_t *event)
{
    struct group_reader *reader = arg;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
        client_on_error(reader->handle, event);
    else if (rd_kafka_event_opaque(event) != NULL)
        on_answer(rd_kafka_event_opaque(event), event);
}

int group_reader_ask(struct group_reader *reader, const char *group, const char *topic, group_reading_cb done, void *arg, struct error *err)
{
    /* A question to a broker that is gone would make librdkafka connect without a pause: topics_answers.c tells. */
    if (!client_is_connected(reader->handle))
        return error_set(err, E_UNAVAILABLE, "group %s in topic %s could not be asked: no connection to %s", group, topic,
                         client_brokers(&reader->target));
    struct question *question = mem_alloc(sizeof(*question));
    *question = (struct question){ .reader = reader, .group = group, .topic = topic, .done = done, .arg = arg };
    question->reading.members = question->reading.brokers = GROUP_NOTHING;
    list_push(&reader->questions, &question->link);
    group_steps[0].ask(question);
    return 0;
}

/* --- the reader --- */

/* A consumer that never subscribes, so it joins nothing. A producer would be lighter, but librdkafka (2.14) then crashes when the answer
 * to a question for commits is that the coordinator has moved: it looks for the handle's own group. */
static int open_handle(struct group_reader *reader, const char *group, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(&reader->target, "watch", err);
    if (conf == NULL)
        return E_INVALID;
    if (client_set(conf, err, "group.id", "%s", group) != 0) {
        rd_kafka_conf_destroy(conf);
        return E_INVALID;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
    reader->handle = client_open(RD_KAFKA_CONSUMER, conf, err);
    return reader->handle == NULL ? E_INVALID : 0;
}

struct group_reader *group_reader_open(uv_loop_t *loop, const struct client_target *target, const char *group, struct error *err)
{
    struct group_reader *reader = mem_alloc(sizeof(*reader));
    *reader = (struct group_reader){ .loop = loop, .target = *target };
    list_init(&reader->questions);
    if (open_handle(reader, group, err) != 0)
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

static void on_events_closed(void *arg)
{
    struct group_reader *reader = arg;
    struct error err;
    error_set(&err, E_CANCELED, "the watch ends");
    list_each(link, &reader->questions)
        end(list_entry(link, struct question, link), &err);
    client_close(reader->handle, reader->loop, on_handle_closed, reader);
}

void group_reader_close(struct group_reader *reader, void (*closed)(void *arg), void *arg)
{
    reader->closed = closed;
    reader->closed_arg = arg;
    event_queue_close(&reader->events, on_events_closed, reader);
}
