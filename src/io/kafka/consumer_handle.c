#include "base/log.h"
#include "io/kafka/consumer_parts.h"

/* Runs on a thread of librdkafka, inside the queue's lock. */
static void on_control_filled(rd_kafka_t *handle, void *opaque)
{
    struct consumer *consumer = opaque;
    (void)handle;
    if (!atomic_exchange(&consumer->awake, true))
        wakeup_signal(&consumer->wakeup);
}

/* One queue for all that is not a record: the group's (which also counts as the poll that keeps us a member), commits', answers'. */
static void open_control(struct consumer *consumer)
{
    rd_kafka_poll_set_consumer(consumer->handle);
    consumer->control = rd_kafka_queue_new(consumer->handle);
    rd_kafka_queue_t *group = rd_kafka_queue_get_consumer(consumer->handle);
    rd_kafka_queue_forward(group, consumer->control);
    rd_kafka_queue_destroy(group);
    rd_kafka_queue_cb_event_enable(consumer->control, on_control_filled, consumer);
}

void handle_subscribe(struct consumer *consumer)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, consumer->options.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->handle, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_error("consumer", "%s: cannot subscribe to %s: %s", consumer->options.name, consumer->options.topic, client_reason(code));
}

bool handle_has_name(const struct consumer *consumer)
{
    char *name = rd_kafka_memberid(consumer->handle);
    bool has = name != NULL && name[0] != '\0';
    rd_kafka_mem_free(consumer->handle, name);
    return has;
}

int handle_open(struct consumer *consumer, struct error *err)
{
    rd_kafka_conf_t *conf = consumer_conf(&consumer->options, err);
    if (conf == NULL)
        return err->code;
    if (client_statistics_set(consumer->statistics, conf, consumer->options.target.config, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return err->code;
    }
    consumer->handle = client_open(RD_KAFKA_CONSUMER, conf, err);
    return consumer->handle == NULL ? err->code : 0;
}

int consumer_check(const struct consumer_options *options, struct error *err)
{
    rd_kafka_conf_t *conf = consumer_conf(options, err);
    return conf == NULL ? err->code : client_try(RD_KAFKA_CONSUMER, conf, err);
}

void handle_join(struct consumer *consumer)
{
    consumer->state = CONSUMER_JOINING;
    open_control(consumer);
    handle_subscribe(consumer);
}

/* The group was left already, or cannot be: rd_kafka_destroy need not try. */
static void destroy(uv_work_t *work)
{
    struct consumer *consumer = work->data;
    rd_kafka_destroy_flags(consumer->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void on_destroyed(uv_work_t *work, int status)
{
    struct consumer *consumer = work->data;
    (void)status;
    consumer->handle = NULL;
    consumer->handle_ended(consumer);
    gate_leave(&consumer->gate);
}

static void end_now(struct consumer *consumer)
{
    consumer->ending_due = false;
    consumer->ending.data = consumer;
    uv_queue_work(consumer->options.loop, &consumer->ending, destroy, on_destroyed);
}

void handle_hold(struct consumer *consumer)
{
    consumer->held++;
}

void handle_release(struct consumer *consumer)
{
    consumer->held--;
    if (consumer->held == 0 && consumer->ending_due)
        end_now(consumer);
}

void handle_end(struct consumer *consumer, void (*ended)(struct consumer *consumer))
{
    rd_kafka_queue_cb_event_enable(consumer->control, NULL, NULL);
    rd_kafka_queue_destroy(consumer->control);
    consumer->control = NULL;
    consumer->handle_ended = ended;
    gate_enter(&consumer->gate);
    if (consumer->held == 0)
        end_now(consumer);
    else
        consumer->ending_due = true;
}
