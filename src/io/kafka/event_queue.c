#include "io/kafka/event_queue.h"

void event_queue_drain(struct event_queue *events)
{
    rd_kafka_event_t *event;
    while (events->queue != NULL && (event = rd_kafka_queue_poll(events->queue, 0)) != NULL) {
        events->on_event(events->arg, event);
        rd_kafka_event_destroy(event);
    }
}

static void on_wakeup(void *arg)
{
    event_queue_drain(arg);
}

int event_queue_open(struct event_queue *events, rd_kafka_t *handle, uv_loop_t *loop, void (*on_event)(void *arg, rd_kafka_event_t *event),
                     void *arg)
{
    static const uint64_t one = 1;
    int rc = wakeup_init(&events->wakeup, loop, on_wakeup, events);
    if (rc != 0)
        return rc;
    events->on_event = on_event;
    events->arg = arg;
    events->queue = rd_kafka_queue_get_main(handle);
    rd_kafka_queue_io_event_enable(events->queue, events->wakeup.fd, &one, sizeof(one));
    wakeup_signal(&events->wakeup);
    return 0;
}

void event_queue_close(struct event_queue *events, void (*closed)(void *arg), void *arg)
{
    rd_kafka_queue_io_event_enable(events->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(events->queue);
    events->queue = NULL;
    wakeup_close(&events->wakeup, closed, arg);
}
