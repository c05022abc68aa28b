#include "io/http/output.h"

#include "base/memory.h"

#define WRITE_MAX    (256 * 1024) /* of one turn: others wait meanwhile */
#define PROGRESS_MIN (64 * 1024)  /* what a client takes within the writing deadline, or all there is */

struct unsent {
    uv_write_t write;
    struct connection *connection;
    size_t size;
    char data[];
};

static struct text collect(struct connection *connection, struct list *sent);
static bool wants_continue(const struct connection *connection);
static void write_out(struct connection *connection, struct text out);
static void give_back(struct connection *connection, struct list *sent);

void output_send(struct connection *connection)
{
    if (connection->unsent != NULL)
        return;

    struct list sent;
    list_init(&sent);
    struct text out = collect(connection, &sent);
    if (out.size == 0 && wants_continue(connection)) {
        connection->parser.message->expects_continue = false;
        out = TEXT("HTTP/1.1 100 Continue\r\n\r\n");
        connection->unsent_bytes += out.size;
    }
    if (out.size > 0)
        write_out(connection, out);
    if (wants_continue(connection)) /* behind these answers */
        connection_touch(connection);
    give_back(connection, &sent);
}

void output_send_if_complete(struct connection *connection)
{
    if (connection->unanswered > 0 || connection->exchange_count == 0 || connection->input.size > 0)
        return;
    list_remove(&connection->dirty);
    output_send(connection);
}

bool output_done(const struct connection *connection)
{
    return list_empty(&connection->exchanges) && connection->unsent == NULL;
}

static struct exchange *first_ready(const struct connection *connection)
{
    struct list *first = list_first(&connection->exchanges);
    struct exchange *exchange = first == NULL ? NULL : list_entry(first, struct exchange, link);
    return exchange != NULL && exchange->reply.data != NULL ? exchange : NULL;
}

bool output_is_behind(const struct connection *connection)
{
    return connection->unsent != NULL || first_ready(connection) != NULL;
}

static void move(struct connection *connection, struct exchange *exchange, struct list *sent)
{
    list_remove(&exchange->link);
    list_push(sent, &exchange->link);
    connection->exchange_count--;
}

/* One answer is written from where it lies; several are put together first, which costs less than an iovec each. */
static struct text collect(struct connection *connection, struct list *sent)
{
    struct buffer *scratch = &connection->listener->server->write_scratch;
    struct exchange *exchange = first_ready(connection);
    if (exchange == NULL)
        return TEXT_NONE;
    struct text first = exchange->reply;
    move(connection, exchange, sent);

    exchange = first_ready(connection);
    if (exchange == NULL)
        return first;
    buffer_clear(scratch);
    buffer_text(scratch, first);
    for (; exchange != NULL && scratch->size < WRITE_MAX; exchange = first_ready(connection)) {
        buffer_text(scratch, exchange->reply);
        move(connection, exchange, sent);
    }
    if (exchange != NULL)
        connection_touch(connection);
    return buffer_as_text(scratch);
}

/* Nothing of the body has come, and every answer before it is out. */
static bool wants_continue(const struct connection *connection)
{
    const struct message *message = connection->parser.message;
    return connection->state == CONNECTION_OPEN && message != NULL && message->expects_continue && !connection->waits &&
           connection->parser.phase == PARSER_BODY && connection->parser.body_wire_bytes == 0 && list_empty(&connection->exchanges);
}

/* A client that takes a little now and then, and asks for more, would otherwise never be late. */
static void note_taken(struct connection *connection, size_t size)
{
    connection->unsent_bytes -= size;
    connection->taken_bytes += size;
    if (connection->taken_bytes >= PROGRESS_MIN)
        deadline_disarm(&connection->writing_deadline);
}

static void on_written(uv_write_t *write, int status)
{
    struct unsent *unsent = write->data;
    struct connection *connection = unsent->connection;
    connection->unsent = NULL;
    note_taken(connection, unsent->size);
    mem_free(unsent);
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (status < 0) {
        connection->gone = true;
        connection_close(connection);
        return;
    }
    connection_touch(connection);
}

static int leave_to_libuv(struct connection *connection, struct text rest)
{
    struct unsent *unsent = mem_alloc(sizeof(*unsent) + rest.size);
    unsent->connection = connection;
    unsent->size = rest.size;
    unsent->write.data = unsent;
    memcpy(unsent->data, rest.data, rest.size);
    uv_buf_t buf = uv_buf_init(unsent->data, (unsigned)rest.size);
    int rc = uv_write(&unsent->write, &connection->stream, &buf, 1, on_written);
    if (rc < 0) {
        mem_free(unsent);
        return rc;
    }
    connection->unsent = unsent;
    if (connection->writing_deadline.queue == NULL)
        connection->taken_bytes = 0;
    deadline_arm(&connection->writing_deadline, &connection->listener->write, uv_now(connection->listener->server->loop));
    return 0;
}

static void write_out(struct connection *connection, struct text out)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)out.data, (unsigned)out.size);
    int written = uv_try_write(&connection->stream, &buf, 1);
    if (written == UV_EAGAIN)
        written = 0;
    if (written >= 0) {
        note_taken(connection, (size_t)written);
        struct text rest = { out.data + written, out.size - (size_t)written };
        written = rest.size == 0 ? 0 : leave_to_libuv(connection, rest);
    }
    if (written < 0) {
        connection->gone = true;
        connection_close(connection);
    }
}

static void give_back(struct connection *connection, struct list *sent)
{
    struct http_listener *listener = connection->listener;
    uint64_t now_us = engine_now_us(listener->server);
    struct list *link;
    while ((link = list_pop(sent)) != NULL) {
        struct exchange *exchange = list_entry(link, struct exchange, link);
        metric_observe_traced(listener->duration, (double)(now_us - exchange->request.arrived_us) * 1e-6, exchange->request.trace);
        exchange_give_back(&listener->server->exchanges, exchange);
    }
}
