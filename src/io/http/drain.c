#include "io/http/drain.h"

#include "io/http/connection.h"
#include "io/http/listener.h"

#include <assert.h>

void http_server_drain(struct http_server *server, uint64_t deadline_ms, http_drained drained, void *arg)
{
    assert(server->drain == DRAIN_NOT);
    http_server_stop_accepting(server);
    server->drain = DRAIN_ASKED;
    server->drain_deadline_ms = uv_now(server->loop) + deadline_ms;
    server->drained = drained;
    server->drained_arg = arg;
    engine_wake(server);
}

void drain_finish(struct http_server *server)
{
    server->drain = DRAIN_DONE;
    server->drained(server->drained_arg, server->drain_cut);
}

bool drain_advance(struct http_server *server)
{
    switch (server->drain) {
    case DRAIN_ASKED:
        server->drain = DRAIN_LOOKING;
        return true;
    case DRAIN_LOOKING:
        server->drain = DRAIN_SEALED;
        engine_each_connection(server, connection_settle);
        return true;
    case DRAIN_SEALED:
        if (server->connections == 0)
            drain_finish(server);
        return false;
    default:
        return false;
    }
}

static void cut(struct connection *connection)
{
    if (!list_empty(&connection->exchanges))
        connection->listener->server->drain_cut++;
    connection_close(connection);
}

void drain_tick(struct http_server *server, uint64_t now_ms)
{
    if (server->drain == DRAIN_SEALED && now_ms >= server->drain_deadline_ms)
        engine_each_connection(server, cut);
}
