#include "base/loop.h"

#include <assert.h>
#include <sys/eventfd.h>
#include <unistd.h>

void gate_init(struct gate *gate)
{
    *gate = (struct gate){ 0 };
}

void gate_enter(struct gate *gate)
{
    gate->open++;
}

static void call_when_empty(struct gate *gate)
{
    if (gate->open == 0 && gate->closing && gate->closed != NULL)
        gate->closed(gate->arg);
}

void gate_leave(struct gate *gate)
{
    assert(gate->open > 0);
    gate->open--;
    call_when_empty(gate);
}

void gate_close(struct gate *gate, void (*closed)(void *arg), void *arg)
{
    assert(!gate->closing);
    gate->closing = true;
    gate->closed = closed;
    gate->arg = arg;
    call_when_empty(gate);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct wakeup *wakeup = poll->data;
    uint64_t count;
    while (read(wakeup->fd, &count, sizeof(count)) > 0)
        ;
    wakeup->on_wakeup(wakeup->arg);
}

int wakeup_init(struct wakeup *wakeup, uv_loop_t *loop, wakeup_cb on_wakeup, void *arg)
{
    wakeup->on_wakeup = on_wakeup;
    wakeup->arg = arg;
    wakeup->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wakeup->fd < 0)
        return UV_EMFILE;

    int rc = uv_poll_init(loop, &wakeup->poll, wakeup->fd);
    if (rc != 0) {
        close(wakeup->fd);
        return rc;
    }
    wakeup->poll.data = wakeup;
    return uv_poll_start(&wakeup->poll, UV_READABLE, on_readable);
}

void wakeup_signal(struct wakeup *wakeup)
{
    uint64_t one = 1;
    (void)!write(wakeup->fd, &one, sizeof(one)); /* EAGAIN: the counter is full, so the loop is woken already */
}

static void on_closed(uv_handle_t *handle)
{
    struct wakeup *wakeup = handle->data;
    close(wakeup->fd);
    if (wakeup->closed != NULL)
        wakeup->closed(wakeup->closed_arg);
}

void wakeup_close(struct wakeup *wakeup, void (*closed)(void *arg), void *arg)
{
    wakeup->closed = closed;
    wakeup->closed_arg = arg;
    uv_close((uv_handle_t *)&wakeup->poll, on_closed);
}
