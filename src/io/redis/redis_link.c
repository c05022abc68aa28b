#include "io/redis/redis_link.h"

#include "base/memory.h"
#include "io/redis/redis_tls.h"

#include <fcntl.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <stdio.h>

/* hiredis says what it waits for through these hooks. */

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct redis_link *link, int events)
{
    if (events == link->watched)
        return;
    link->watched = events;
    if (events == 0)
        uv_poll_stop(&link->poll);
    else
        uv_poll_start(&link->poll, events, on_poll);
}

static void add_read(void *data)
{
    struct redis_link *link = data;
    watch(link, link->watched | UV_READABLE);
}

static void del_read(void *data)
{
    struct redis_link *link = data;
    watch(link, link->watched & ~UV_READABLE);
}

/* A new command only waits for the flush before the loop sleeps; the rest of a write that the socket did not take, and a
 * connect under way, wait for the socket. */
static void add_write(void *data)
{
    struct redis_link *link = data;
    if (link->writing || !(link->context->c.flags & REDIS_CONNECTED))
        watch(link, link->watched | UV_WRITABLE);
    else
        link->unsent = true;
}

static void del_write(void *data)
{
    struct redis_link *link = data;
    link->unsent = false;
    watch(link, link->watched & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    struct redis_link *link = handle->data;
    struct gate *gate = link->gate;
    mem_free(link);
    gate_leave(gate);
}

/* The poll handle must let go of the descriptor before hiredis closes it. */
static void let_go(void *data)
{
    struct redis_link *link = data;
    uv_poll_stop(&link->poll);
    uv_close((uv_handle_t *)&link->poll, on_closed);
}

/* hiredis calls this last of all, on every path; the error is still there to be read. */
static void on_context_gone(void *data)
{
    struct redis_link *link = data;
    const char *refusal = link->session == NULL ? NULL : redis_tls_refusal(link->session);
    char reason[256];
    if (refusal != NULL)
        snprintf(reason, sizeof(reason), "its certificate is refused: %s", refusal);
    else
        snprintf(reason, sizeof(reason), "%s", link->context->err != 0 ? link->context->c.errstr : "closed");
    if (link->context->c.privctx == NULL)
        SSL_free(link->session); /* hiredis did not take it over */
    link->context = NULL;
    link->on_gone(link->arg, link, reason);
}

static void write_out(struct redis_link *link)
{
    link->writing = true;
    redisAsyncHandleWrite(link->context);
    link->writing = false;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_link *link = poll->data;
    if (status < 0 || (events & UV_READABLE))
        redis_link_read(link); /* an error of the socket shows when it is read */
    if (link->context != NULL && (events & UV_WRITABLE))
        write_out(link);
}

void redis_link_read(struct redis_link *link)
{
    redisAsyncHandleRead(link->context);
}

void redis_link_flush(struct redis_link *link)
{
    if (!link->unsent || link->context == NULL)
        return;
    link->unsent = false;
    write_out(link);
}

void redis_link_drop(struct redis_link *link)
{
    redisAsyncFree(link->context);
}

static void on_connect(redisAsyncContext *context, int status)
{
    struct redis_link *link = context->data;
    if (status != REDIS_OK)
        return; /* on_gone follows */
    if (link->session != NULL && redisInitiateSSL(&context->c, link->session) != REDIS_OK)
        redisAsyncFree(context);
    else
        link->on_connected(link->arg);
}

static redisAsyncContext *connect_to(const struct redis_link_options *options, struct error *err)
{
    redisOptions hiredis = { 0 };
    if (options->path != NULL)
        REDIS_OPTIONS_SET_UNIX(&hiredis, options->path);
    else
        REDIS_OPTIONS_SET_TCP(&hiredis, options->address, options->port);

    redisAsyncContext *context = redisAsyncConnectWithOptions(&hiredis);
    if (context == NULL) {
        error_set(err, E_UNAVAILABLE, "no memory for a connection");
        return NULL;
    }
    if (context->err == 0)
        return context;
    error_set(err, E_UNAVAILABLE, "%s", context->errstr);
    redisAsyncFree(context);
    return NULL;
}

static void attach(struct redis_link *link, redisAsyncContext *context)
{
    link->context = context;
    context->data = link;
    context->dataCleanup = on_context_gone;
    context->ev.data = link;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = let_go;
    redisAsyncSetConnectCallbackNC(context, on_connect); /* asks for UV_WRITABLE */
}

struct redis_link *redis_link_open(const struct redis_link_options *options, struct error *err)
{
    redisAsyncContext *context = connect_to(options, err);
    if (context == NULL)
        return NULL;

    struct redis_link *link = mem_zalloc(sizeof(*link));
    link->gate = options->gate;
    link->on_connected = options->on_connected;
    link->on_gone = options->on_gone;
    link->arg = options->arg;
    link->session = options->tls == NULL ? NULL : redis_tls_session(options->tls, options->server_name);
    if (options->tls != NULL && link->session == NULL) {
        error_set(err, E_UNAVAILABLE, "TLS has no session for %s", options->server_name);
        goto fail;
    }
    if (uv_poll_init(options->loop, &link->poll, context->c.fd) != 0) {
        error_set(err, E_UNAVAILABLE, "the loop does not take the socket");
        goto fail;
    }
    fcntl(context->c.fd, F_SETFD, FD_CLOEXEC);
    link->poll.data = link;
    gate_enter(link->gate);
    attach(link, context);
    return link;

fail:
    SSL_free(link->session);
    redisAsyncFree(context);
    mem_free(link);
    return NULL;
}
