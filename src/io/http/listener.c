#include "io/http/listener.h"

#include "base/log.h"
#include "base/memory.h"
#include "io/http/connection.h"
#include "io/http/socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ACCEPTS_A_TURN  64 /* connections that talk already are served in between */
#define RELEASES_A_TURN 64
#define REST_MS         100
#define LINGER_US       2000000 /* for a client to read the last answer and to close */

static void accept_some(uv_poll_t *poll, int status, int events);
static bool make_room(struct http_listener *listener);
static void rest_from(struct http_listener *listener, int reason);

static void start_accepting(struct http_listener *listener)
{
    if (listener->accepting || listener->fd < 0)
        return;
    uv_timer_stop(&listener->rest);
    listener->accepting = uv_poll_start(&listener->poll, UV_READABLE, accept_some) == 0;
}

static void stop_accepting(struct http_listener *listener)
{
    listener->accepting = false;
    uv_poll_stop(&listener->poll);
}

static struct http_listener *listener_of(uv_poll_t *poll)
{
    return (struct http_listener *)(void *)((char *)poll - offsetof(struct http_listener, poll));
}

/* Returns false when there is nothing more to accept now. */
static bool accept_one(struct http_listener *listener)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t size = sizeof(peer);
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        connection_open(listener, fd, (struct sockaddr *)&peer);
        return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        rest_from(listener, errno);
        return false;
    }
    return true; /* that client's own fault: ECONNABORTED, EPROTO, ... (accept(2)) */
}

static bool is_full(const struct http_listener *listener)
{
    return listener->connection_count >= listener->limits.connections;
}

static void accept_some(uv_poll_t *poll, int status, int events)
{
    struct http_listener *listener = listener_of(poll);
    if (status < 0) {
        rest_from(listener, -status);
        return;
    }
    /* The event tells of one client: it may cost an idle connection its place; whether there are more is not known. */
    if (is_full(listener) && !make_room(listener)) {
        stop_accepting(listener);
        return;
    }
    for (int i = 0; i < ACCEPTS_A_TURN && !is_full(listener); i++)
        if (!accept_one(listener))
            return;
}

/* The longest idle connection leaves; one that has asked something stays. */
static bool make_room(struct http_listener *listener)
{
    struct deadline *oldest = deadline_first(&listener->idle);
    if (oldest == NULL)
        return false;
    listener_count_fault(listener, FAULT_EVICTED);
    connection_close(list_entry(oldest, struct connection, reading_deadline));
    return true;
}

static void on_rested(uv_timer_t *timer)
{
    struct http_listener *listener = (struct http_listener *)(void *)((char *)timer - offsetof(struct http_listener, rest));
    start_accepting(listener);
}

static void rest_from(struct http_listener *listener, int reason)
{
    metric_add(listener->accept_failures, 1);
    log_warn("http", "listener %s: accepting rests for %d ms: %s", listener->name, REST_MS, strerror(reason));
    stop_accepting(listener);
    uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

void listener_connection_left(struct http_listener *listener)
{
    start_accepting(listener);
}

void listener_count_fault(struct http_listener *listener, enum fault fault)
{
    if (listener->faults[fault] == NULL)
        listener->faults[fault] = metric(listener->server->metrics, METRIC_HTTP_ERRORS, listener->name, fault_entry(fault)->reason);
    metric_add(listener->faults[fault], 1);
}

bool listener_release(struct http_listener *listener)
{
    for (int i = 0; i < RELEASES_A_TURN && !listener->holding; i++) {
        struct list *link = list_first(&listener->held);
        if (link == NULL)
            return false;
        connection_release(list_entry(link, struct connection, held));
    }
    return !listener->holding && !list_empty(&listener->held);
}

void http_listener_hold_bodies(struct http_listener *listener, bool hold)
{
    listener->holding = hold;
    if (!hold && !list_empty(&listener->held))
        engine_wake(listener->server);
}

const char *http_listener_address(const struct http_listener *listener)
{
    return listener->address_text;
}

void http_listener_set_access_log(struct http_listener *listener, const struct http_access_log *config)
{
    listener->access_log = *config;
}

/* ---- time ---- */

static void refuse_due(struct deadline_queue *queue, uint64_t now_ms, enum fault fault)
{
    struct deadline *deadline;
    while ((deadline = deadline_due(queue, now_ms)) != NULL) {
        struct connection *connection = list_entry(deadline, struct connection, reading_deadline);
        connection_refuse(connection, fault);
        connection_settle(connection);
    }
}

static void close_due(struct deadline_queue *queue, uint64_t now_ms)
{
    struct deadline *deadline;
    while ((deadline = deadline_due(queue, now_ms)) != NULL)
        connection_close(list_entry(deadline, struct connection, reading_deadline));
}

static void close_slow_readers(struct http_listener *listener, uint64_t now_ms)
{
    struct deadline *deadline;
    while ((deadline = deadline_due(&listener->write, now_ms)) != NULL) {
        listener_count_fault(listener, FAULT_SLOW_READER);
        connection_close(list_entry(deadline, struct connection, writing_deadline));
    }
}

void listener_tick(struct http_listener *listener, uint64_t now_ms)
{
    refuse_due(&listener->header, now_ms, FAULT_SLOW_HEADER);
    refuse_due(&listener->body, now_ms, FAULT_SLOW_BODY);
    close_due(&listener->idle, now_ms);
    close_due(&listener->linger, now_ms);
    close_slow_readers(listener, now_ms);
}

/* ---- begin and end ---- */

static void find_series(struct http_listener *listener)
{
    struct metrics *metrics = listener->server->metrics;
    listener->no_route.name = "none";
    listener->connections_open = metric(metrics, METRIC_HTTP_CONNECTIONS, listener->name);
    listener->connections_accepted = metric(metrics, METRIC_HTTP_CONNECTIONS_ACCEPTED, listener->name);
    listener->accept_failures = metric(metrics, METRIC_HTTP_ACCEPT_FAILURES, listener->name);
    listener->client_gone = metric(metrics, METRIC_HTTP_CLIENT_GONE, listener->name);
    listener->duration = metric(metrics, METRIC_HTTP_DURATION, listener->name);
}

static void init_queues(struct http_listener *listener, const struct http_timeouts *timeouts)
{
    list_init(&listener->connections);
    list_init(&listener->held);
    deadline_queue_init(&listener->header, timeouts->header_us);
    deadline_queue_init(&listener->body, timeouts->body_us);
    deadline_queue_init(&listener->idle, timeouts->idle_us);
    deadline_queue_init(&listener->write, timeouts->write_us);
    deadline_queue_init(&listener->linger, LINGER_US);
}

static void open_handles(struct http_listener *listener)
{
    struct http_server *server = listener->server;
    uv_poll_init(server->loop, &listener->poll, listener->fd);
    uv_timer_init(server->loop, &listener->rest);
    listener->poll.data = listener->rest.data = server;
    server->open_handles += 2;
}

int http_server_listen(struct http_server *server, const char *name, const struct http_config *config, http_handler handler, void *arg,
                       struct http_listener **result, struct error *err)
{
    struct address address;
    int fd = address_parse(&address, text_of(config->address), err);
    if (fd == 0)
        fd = socket_listen(&address, (int)config->backlog, err);
    if (fd < 0)
        return error_wrap(err, "listener %s on %s", name, config->address);

    struct http_listener *listener = mem_zalloc(sizeof(*listener));
    listener->server = server;
    listener->name = mem_strdup(name);
    listener->limits = config->limits;
    listener->access_log = config->access_log;
    listener->budget.limit_bytes = config->limits.memory_bytes;
    listener->handler = handler;
    listener->arg = arg;
    listener->address = address;
    listener->fd = fd;
    address_text(&address, listener->address_text);
    find_series(listener);
    init_queues(listener, &config->timeouts);
    open_handles(listener);
    list_push(&server->listeners, &listener->link);
    start_accepting(listener);
    if (result != NULL)
        *result = listener;
    log_info("http", "listener %s on %s", name, listener->address_text);
    return 0;
}

void listener_stop(struct http_listener *listener)
{
    if (listener->fd < 0)
        return;
    stop_accepting(listener);
    uv_close((uv_handle_t *)&listener->poll, engine_handle_closed);
    uv_close((uv_handle_t *)&listener->rest, engine_handle_closed);
    /* While we listen nobody else takes the path for stale, so the file is still ours. */
    if (listener->address.kind == ADDRESS_UNIX)
        unlink(listener->address.path);
    close(listener->fd);
    listener->fd = -1;
}

void listener_free(struct http_listener *listener)
{
    mem_free(listener->name);
    mem_free(listener);
}
