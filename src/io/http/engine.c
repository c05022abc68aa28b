#include "io/http/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/http/connection.h"
#include "io/http/drain.h"
#include "io/http/listener.h"
#include "io/http/stats_section.h"

#include <assert.h>
#include <signal.h>
#include <time.h>

#define TICK_MS 100

static void turn_dirty(struct http_server *server);
static bool release_held(struct http_server *server);
static void close_handles_when_alone(struct http_server *server);
static void free_spare(struct http_server *server);

static void on_turn_end(uv_prepare_t *prepare)
{
    struct http_server *server = prepare->data;
    server->turn_us = 0;
    bool busy = release_held(server);
    turn_dirty(server);
    busy = drain_advance(server) || busy;
    if (!busy && list_empty(&server->dirty))
        uv_idle_stop(&server->awake);
    server->turn_us = 0; /* the loop may wait now */
    close_handles_when_alone(server);
}

/* Those that become dirty meanwhile have their turn after the next look at the sockets. */
static void turn_dirty(struct http_server *server)
{
    struct list end;
    list_push(&server->dirty, &end);
    struct list *link;
    while ((link = list_pop(&server->dirty)) != &end)
        connection_turn(list_entry(link, struct connection, dirty));
}

static bool release_held(struct http_server *server)
{
    bool more = false;
    list_each(link, &server->listeners)
        more = listener_release(list_entry(link, struct http_listener, link)) || more;
    return more;
}

static void on_awake(uv_idle_t *idle)
{
}

void engine_wake(struct http_server *server)
{
    if (!server->closing || !uv_is_closing((uv_handle_t *)&server->awake))
        uv_idle_start(&server->awake, on_awake);
}

uint64_t engine_now_us(struct http_server *server)
{
    if (server->turn_us == 0)
        server->turn_us = clock_us();
    return server->turn_us;
}

/* IMF-fixdate (RFC 9110 section 5.6.7), whatever the locale. */
static void write_date(char out[ENGINE_DATE_SIZE], time_t seconds)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t size = strftime(out, ENGINE_DATE_SIZE, "???, %d ??? %Y %H:%M:%S GMT", &tm);
    assert(size == ENGINE_DATE_SIZE - 1);
    memcpy(out, days + 3 * tm.tm_wday, 3);
    memcpy(out + 8, months + 3 * tm.tm_mon, 3);
}

const char *engine_date(struct http_server *server)
{
    uint64_t now_us = engine_now_us(server);
    if (server->date_us == 0 || now_us - server->date_us >= 1000000) {
        server->date_us = now_us;
        write_date(server->date, (time_t)(clock_wall_us() / 1000000));
    }
    return server->date;
}

/* ---- connections ---- */

static void on_tick(uv_timer_t *tick);

void engine_connection_opened(struct http_server *server)
{
    if (server->connections++ == 0)
        uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS);
}

void engine_connection_closed(struct http_server *server)
{
    if (--server->connections > 0)
        return;
    uv_timer_stop(&server->tick);
    free_spare(server);
    engine_wake(server); /* somebody may wait for the last one */
}

void engine_each_connection(struct http_server *server, void (*visit)(struct connection *connection))
{
    list_each(of_listener, &server->listeners) {
        struct http_listener *listener = list_entry(of_listener, struct http_listener, link);
        list_each(link, &listener->connections)
            visit(list_entry(link, struct connection, link));
    }
}

static void on_tick(uv_timer_t *tick)
{
    struct http_server *server = tick->data;
    uint64_t now_ms = uv_now(server->loop);
    list_each(link, &server->listeners)
        listener_tick(list_entry(link, struct http_listener, link), now_ms);
    block_pool_trim(&server->messages);
    block_pool_trim(&server->exchanges);
    drain_tick(server, now_ms);
}

/* ---- begin and end ---- */

void http_server_stop_accepting(struct http_server *server)
{
    list_each(link, &server->listeners)
        listener_stop(list_entry(link, struct http_listener, link));
}

struct http_server *http_server_new(uv_loop_t *loop, struct metrics *metrics, struct stats *stats)
{
    struct http_server *server = mem_zalloc(sizeof(*server));
    server->loop = loop;
    server->metrics = metrics;
    server->messages = message_pool;
    server->exchanges = exchange_pool;
    list_init(&server->listeners);
    list_init(&server->dirty);
    random_init(&server->random);
    uv_prepare_init(loop, &server->turn_end);
    uv_idle_init(loop, &server->awake);
    uv_timer_init(loop, &server->tick);
    server->turn_end.data = server->awake.data = server->tick.data = server;
    server->open_handles = 3;
    uv_prepare_start(&server->turn_end, on_turn_end);
    signal(SIGPIPE, SIG_IGN);
    stats_section_add(server, stats);
    return server;
}

void http_server_close(struct http_server *server, void (*closed)(void *arg), void *arg)
{
    assert(!server->closing);
    server->closing = true;
    server->closed = closed;
    server->closed_arg = arg;
    stats_remove(&server->section);
    http_server_stop_accepting(server);
    engine_each_connection(server, connection_close);
    engine_wake(server);
}

/* While connections or their orphaned requests are left, the turn's end still looks after them. */
static void close_handles_when_alone(struct http_server *server)
{
    if (!server->closing || server->connections > 0 || server->orphans > 0)
        return;
    if (server->drain != DRAIN_NOT && server->drain != DRAIN_DONE)
        drain_finish(server);
    uv_close((uv_handle_t *)&server->turn_end, engine_handle_closed);
    uv_close((uv_handle_t *)&server->awake, engine_handle_closed);
    uv_close((uv_handle_t *)&server->tick, engine_handle_closed);
}

static void free_spare(struct http_server *server)
{
    block_pool_free(&server->messages);
    block_pool_free(&server->exchanges);
}

void engine_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->open_handles > 0)
        return;
    struct list *link;
    while ((link = list_pop(&server->listeners)) != NULL)
        listener_free(list_entry(link, struct http_listener, link));
    free_spare(server);
    buffer_free(&server->write_scratch);
    buffer_free(&server->sentence);
    void (*closed)(void *arg) = server->closed;
    void *arg = server->closed_arg;
    mem_free(server);
    closed(arg);
}
