#include "attack/client.h"

#include <string.h>

static void begin_request(struct client *client);

/* Ends the request on its way, if there is one; the callback may send the next. */
static void finish(struct client *client, int status)
{
    if (!client->waiting || client->ended)
        return;
    client->waiting = false;
    uv_timer_stop(&client->timer);
    client->done(client, status);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    client->state = CLIENT_DOWN;
    if (client->waiting && !client->ended)
        begin_request(client);
}

static void hang_up(struct client *client)
{
    if (client->state == CLIENT_DOWN || client->state == CLIENT_CLOSING)
        return;
    client->state = CLIENT_CLOSING;
    uv_close((uv_handle_t *)&client->tcp, on_tcp_closed);
}

/* Nobody answered: the connection is of no more use. */
static void fail(struct client *client)
{
    hang_up(client);
    finish(client, 0);
}

static int on_message_complete(llhttp_t *parser)
{
    struct client *client = parser->data;
    client->complete = true;
    client->status = parser->status_code;
    return HPE_PAUSED;
}

static void end_answer(struct client *client)
{
    bool keep = llhttp_should_keep_alive(&client->parser);
    llhttp_resume(&client->parser);
    client->complete = false;
    if (client->status / 100 == 1)
        return;
    if (keep)
        client->state = CLIENT_IDLE;
    else
        hang_up(client);
    finish(client, client->status);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct client *client = stream->data;
    if (size == 0)
        return;
    if (size < 0) {
        fail(client);
        return;
    }
    enum llhttp_errno code = llhttp_execute(&client->parser, buf->base, (size_t)size);
    if (client->complete)
        end_answer(client);
    else if (code != HPE_OK)
        fail(client);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct client *client = handle->data;
    (void)suggested;
    *buf = uv_buf_init(client->input, sizeof(client->input));
}

static void on_written(uv_write_t *write, int status)
{
    struct client *client = write->data;
    if (status < 0 && status != UV_ECANCELED)
        fail(client);
}

static void write_request(struct client *client)
{
    client->state = CLIENT_BUSY;
    uv_buf_t buf = uv_buf_init(client->request.data, (unsigned)client->request.size);
    int written = uv_try_write((uv_stream_t *)&client->tcp, &buf, 1);
    if (written == (int)client->request.size)
        return;
    size_t done = written > 0 ? (size_t)written : 0;
    buf = uv_buf_init(client->request.data + done, (unsigned)(client->request.size - done));
    client->writing.data = client;
    if (uv_write(&client->writing, (uv_stream_t *)&client->tcp, &buf, 1, on_written) != 0)
        fail(client);
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct client *client = connecting->data;
    if (client->state != CLIENT_CONNECTING)
        return;
    if (status != 0) {
        fail(client);
        return;
    }
    uv_tcp_nodelay(&client->tcp, 1);
    uv_read_start((uv_stream_t *)&client->tcp, on_allocate, on_read);
    write_request(client);
}

static void connect_first(struct client *client)
{
    client->state = CLIENT_CONNECTING;
    llhttp_init(&client->parser, HTTP_RESPONSE, &client->settings);
    client->parser.data = client;
    uv_tcp_init(client->loop, &client->tcp);
    client->tcp.data = client;
    client->connecting.data = client;
    if (uv_tcp_connect(&client->connecting, &client->tcp, (const struct sockaddr *)&client->target->address, on_connected) != 0)
        hang_up(client); /* the timeout ends the request */
}

static void begin_request(struct client *client)
{
    if (client->state == CLIENT_IDLE)
        write_request(client);
    else if (client->state == CLIENT_DOWN)
        connect_first(client);
    /* CLOSING: on_tcp_closed comes back here. */
}

static void on_timeout(uv_timer_t *timer)
{
    fail(timer->data);
}

void client_send(struct client *client)
{
    client->waiting = true;
    uv_timer_start(&client->timer, on_timeout, client->timeout_ms, 0);
    begin_request(client);
}

void client_init(struct client *client, uv_loop_t *loop, const struct target *target, uint64_t timeout_us, client_cb done)
{
    memset(client, 0, offsetof(struct client, input));
    client->loop = loop;
    client->target = target;
    client->timeout_ms = timeout_us / 1000;
    client->done = done;
    llhttp_settings_init(&client->settings);
    client->settings.on_message_complete = on_message_complete;
    uv_timer_init(loop, &client->timer);
    client->timer.data = client;
}

void client_close(struct client *client)
{
    client->ended = true;
    uv_close((uv_handle_t *)&client->timer, NULL);
    hang_up(client);
}

void client_free(struct client *client)
{
    buffer_free(&client->request);
}
