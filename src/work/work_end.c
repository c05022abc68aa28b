#include "base/memory.h"
#include "work/work_parts.h"

/* --- drain --- */

void work_stop_fetching(struct work *work)
{
    work->stopped = true;
}

static void stop_starting(struct work *work)
{
    work->stopped = true;
    work->draining = true;
    work_hold(work, HOLD_ENDING);
    list_each(link, &work->partitions)
        partition_drop_waiting(list_entry(link, struct partition, link));
}

static void cancel_all(struct work *work)
{
    list_each(link, &work->partitions)
        run_cancel_all(list_entry(link, struct partition, link));
    list_each(link, &work->giving_up)
        run_cancel_all(list_entry(link, struct partition, link));
}

static void on_drain_over(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, drain_due);
    void (*drained)(void *arg, size_t still_running) = work->drained;
    cancel_all(work);
    work->drained = NULL;
    drained(work->drained_arg, work->running + work->sending);
}

void work_drain(struct work *work, uint64_t deadline_us, void (*drained)(void *arg, size_t still_running), void *arg)
{
    work->drained = drained;
    work->drained_arg = arg;
    stop_starting(work);
    alarm_set(&work->alarm, &work->drain_due.entry, deadline_us);
    work_check_end(work);
}

/* --- close: commit and leave the group; the last attempt; the handler; our own handles --- */

static void on_gate_closed(void *arg)
{
    struct work *work = arg;
    list_remove(&work->link);
    run_close(work);
    shelf_clear(&work->jobs);
    tally_close(work);
    mem_free(work->transactional_id);
    work->closed(work->closed_arg);
    mem_free(work);
}

static void on_alarm_closed(void *arg)
{
    gate_leave(&((struct work *)arg)->gate);
}

static void on_idle_closed(uv_handle_t *handle)
{
    gate_leave(&((struct work *)handle->data)->gate);
}

static void on_handler_closed(void *arg)
{
    struct work *work = arg;
    alarm_close(&work->alarm, on_alarm_closed, work);
    uv_close((uv_handle_t *)&work->turn, on_idle_closed);
    gate_close(&work->gate, on_gate_closed, work);
}

static void close_handler(struct work *work)
{
    const struct handler *handler = work->handler;
    if (handler == NULL)
        return;
    work->handler = NULL; /* once */
    handler->close(work->handler_state, on_handler_closed, work);
}

void work_check_end(struct work *work)
{
    if (work->running + work->sending > 0)
        return;
    if (work->drained != NULL)
        alarm_set(&work->alarm, &work->drain_due.entry, 0);
    else if (work->closing && work->consumer == NULL && work->transactor == NULL)
        close_handler(work);
}

static void on_transactor_closed(void *arg)
{
    struct work *work = arg;
    work->transactor = NULL;
    work_check_end(work);
}

static void on_consumer_closed(void *arg)
{
    struct work *work = arg;
    work->consumer = NULL;
    if (work->transactor != NULL)
        transactor_close(work->transactor, on_transactor_closed, work);
    work_check_end(work);
}

/* A doubt, or a commit that is too large, may ask for the last commit once more when the group is being left already. */
void work_leave(struct work *work)
{
    if (work->leaving)
        return;
    work->leaving = true;
    consumer_close(work->consumer, work->leave_by_us, on_consumer_closed, work);
}

void work_close(struct work *work, uint64_t deadline_us, void (*closed)(void *arg), void *arg)
{
    work->closing = true;
    work->closed = closed;
    work->closed_arg = arg;
    stop_starting(work);
    commit_last(work, deadline_us);
}

void drain_init(struct work *work)
{
    work->drain_due.on_due = on_drain_over;
}
