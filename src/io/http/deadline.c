#include "io/http/deadline.h"

#include <stddef.h>

void deadline_queue_init(struct deadline_queue *queue, uint64_t timeout_us)
{
    list_init(&queue->deadlines);
    queue->timeout_ms = (timeout_us + 999) / 1000;
}

void deadline_init(struct deadline *deadline)
{
    list_init(&deadline->link);
    deadline->queue = NULL;
}

void deadline_arm(struct deadline *deadline, struct deadline_queue *queue, uint64_t now_ms)
{
    if (deadline->queue == queue)
        return;
    deadline_disarm(deadline);
    deadline->queue = queue;
    deadline->at_ms = now_ms + queue->timeout_ms;
    list_push(&queue->deadlines, &deadline->link);
}

void deadline_disarm(struct deadline *deadline)
{
    list_remove(&deadline->link);
    deadline->queue = NULL;
}

struct deadline *deadline_first(const struct deadline_queue *queue)
{
    struct list *first = list_first(&queue->deadlines);
    return first == NULL ? NULL : list_entry(first, struct deadline, link);
}

struct deadline *deadline_due(struct deadline_queue *queue, uint64_t now_ms)
{
    struct deadline *deadline = deadline_first(queue);
    if (deadline == NULL || deadline->at_ms > now_ms)
        return NULL;
    deadline_disarm(deadline);
    return deadline;
}
