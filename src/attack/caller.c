#include "attack/caller.h"

#include <string.h>

static void begin_request(struct caller *caller);

/* Ends the request on its way, if there is one; the callback may send the next. */
static void finish(struct caller *caller, int status)
{
    if (!caller->waiting || caller->ended)
        return;
    caller->waiting = false;
    uv_timer_stop(&caller->timer);
    caller->done(caller, status);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct caller *caller = handle->data;
    caller->state = CALLER_DOWN;
    if (caller->waiting && !caller->ended)
        begin_request(caller);
}

static void hang_up(struct caller *caller)
{
    if (caller->state == CALLER_DOWN || caller->state == CALLER_CLOSING)
        return;
    caller->state = CALLER_CLOSING;
    uv_close((uv_handle_t *)&caller->tcp, on_tcp_closed);
}

/* Nobody answered: the connection is of no more use. */
static void fail(struct caller *caller)
{
    hang_up(caller);
    finish(caller, 0);
}

static int on_message_complete(llhttp_t *parser)
{
    struct caller *caller = parser->data;
    caller->complete = true;
    caller->status = parser->status_code;
    return HPE_PAUSED;
}

static void end_answer(struct caller *caller)
{
    bool keep = llhttp_should_keep_alive(&caller->parser);
    llhttp_resume(&caller->parser);
    caller->complete = false;
    if (caller->status / 100 == 1)
        return;
    if (keep)
        caller->state = CALLER_IDLE;
    else
        hang_up(caller);
    finish(caller, caller->status);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct caller *caller = stream->data;
    if (size == 0)
        return;
    if (size < 0) {
        fail(caller);
        return;
    }
    enum llhttp_errno code = llhttp_execute(&caller->parser, buf->base, (size_t)size);
    if (caller->complete)
        end_answer(caller);
    else if (code != HPE_OK)
        fail(caller);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct caller *caller = handle->data;
    *buf = uv_buf_init(caller->input, sizeof(caller->input));
}

static void on_written(uv_write_t *write, int status)
{
    struct caller *caller = write->data;
    if (status < 0 && status != UV_ECANCELED)
        fail(caller);
}

static void write_request(struct caller *caller)
{
    caller->state = CALLER_BUSY;
    uv_buf_t buf = uv_buf_init(caller->request.data, (unsigned)caller->request.size);
    int written = uv_try_write((uv_stream_t *)&caller->tcp, &buf, 1);
    if (written == (int)caller->request.size)
        return;
    size_t done = written > 0 ? (size_t)written : 0;
    buf = uv_buf_init(caller->request.data + done, (unsigned)(caller->request.size - done));
    caller->writing.data = caller;
    if (uv_write(&caller->writing, (uv_stream_t *)&caller->tcp, &buf, 1, on_written) != 0)
        fail(caller);
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct caller *caller = connecting->data;
    if (caller->state != CALLER_CONNECTING)
        return;
    if (status != 0) {
        fail(caller);
        return;
    }
    uv_tcp_nodelay(&caller->tcp, 1);
    uv_read_start((uv_stream_t *)&caller->tcp, on_allocate, on_read);
    write_request(caller);
}

static void connect_first(struct caller *caller)
{
    caller->state = CALLER_CONNECTING;
    llhttp_init(&caller->parser, HTTP_RESPONSE, &caller->settings);
    caller->parser.data = caller;
    uv_tcp_init(caller->loop, &caller->tcp);
    caller->tcp.data = caller;
    caller->connecting.data = caller;
    if (uv_tcp_connect(&caller->connecting, &caller->tcp, (const struct sockaddr *)&caller->target->address, on_connected) != 0)
        hang_up(caller); /* the timeout ends the request */
}

static void begin_request(struct caller *caller)
{
    if (caller->state == CALLER_IDLE)
        write_request(caller);
    else if (caller->state == CALLER_DOWN)
        connect_first(caller);
    /* CLOSING: on_tcp_closed comes back here. */
}

static void on_timeout(uv_timer_t *timer)
{
    fail(timer->data);
}

void caller_send(struct caller *caller)
{
    caller->waiting = true;
    uv_timer_start(&caller->timer, on_timeout, caller->timeout_ms, 0);
    begin_request(caller);
}

void caller_init(struct caller *caller, uv_loop_t *loop, const struct url *target, uint64_t timeout_us, caller_cb done)
{
    memset(caller, 0, offsetof(struct caller, input));
    caller->loop = loop;
    caller->target = target;
    caller->timeout_ms = timeout_us / 1000;
    caller->done = done;
    llhttp_settings_init(&caller->settings);
    caller->settings.on_message_complete = on_message_complete;
    uv_timer_init(loop, &caller->timer);
    caller->timer.data = caller;
}

void caller_close(struct caller *caller)
{
    caller->ended = true;
    uv_close((uv_handle_t *)&caller->timer, NULL);
    hang_up(caller);
}

void caller_free(struct caller *caller)
{
    buffer_free(&caller->request);
}
