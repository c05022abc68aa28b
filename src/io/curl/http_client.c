/* How libcurl's multi interface and the loop go together: libcurl says which sockets to watch (on_socket_wanted) and when to call it
 * again (on_timer_wanted); the loop says what has happened (curl_multi_socket_action); then the calls that have ended are taken out. */
#include "io/curl/http_client.h"

#include "base/buffer.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/memory.h"
#include "io/curl/http_endpoint.h"

#include <assert.h>

#define IDLE_CONNECTIONS_MAX 8L
#define RETRY_AFTER_MAX_S    86400

struct http_client {
    CURLM *multi;
    uv_timer_t timer;
    struct list calls;
    bool closing;
    struct gate gate; /* the timer, and the sockets */
    void (*closed)(void *arg);
    void *closed_arg;
};

struct http_call {
    struct list link;
    struct http_client *client;
    struct http_endpoint *endpoint;
    CURL *easy;         /* the endpoint's */
    struct buffer body; /* of the answer */
    bool cut;           /* it goes on */
    char reason[CURL_ERROR_SIZE];
    http_call_cb done;
    void *arg;
};

/* A descriptor that libcurl waits for. */
struct watched {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
    int events; /* 0: libcurl has taken its eyes off it */
};

/* --- calls --- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *call = arg;
    size_t room = HTTP_ANSWER_MAX - call->body.size;
    call->cut = size * count > room;
    buffer_append(&call->body, data, call->cut ? room : size * count);
    return call->cut ? CURL_WRITEFUNC_ERROR : size * count; /* which ends the call, and its connection */
}

struct http_call *http_client_post(struct http_client *client, struct http_endpoint *endpoint, struct text body, http_call_cb done,
                                   void *arg)
{
    assert(!client->closing);
    struct http_call *call = mem_zalloc(sizeof(*call));
    *call = (struct http_call){ .client = client, .endpoint = endpoint, .easy = http_endpoint_handle(endpoint), .done = done, .arg = arg };
    list_push(&client->calls, &call->link);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->reason);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_multi_add_handle(client->multi, call->easy);
    return call;
}

/* The handle goes first: the endpoint's life may end with `done`. */
static void end(struct http_call *call, const struct http_answer *answer)
{
    list_remove(&call->link);
    curl_multi_remove_handle(call->client->multi, call->easy);
    if (answer->code == 0 && !call->cut)
        http_endpoint_give_back(call->endpoint, call->easy);
    else
        curl_easy_cleanup(call->easy);
    call->done(call->arg, answer);
    buffer_free(&call->body);
    mem_free(call);
}

void http_call_cancel(struct http_call *call)
{
    end(call, &(struct http_answer){ .code = E_CANCELED, .reason = "ended by us" });
}

static const char *reason_of(const struct http_call *call, CURLcode result)
{
    return call->reason[0] != '\0' ? call->reason : curl_easy_strerror(result);
}

/* A date that is over, by our clock, is a negative number to libcurl. */
static uint64_t retry_after_us(CURL *easy)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds < 0)
        return 0;
    return (uint64_t)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000000;
}

static void on_ended(struct http_call *call, CURLcode result)
{
    bool answered = result == CURLE_OK || call->cut;
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    end(call, &(struct http_answer){
                  .code = answered ? 0 : E_UNAVAILABLE,
                  .reason = answered ? NULL : reason_of(call, result),
                  .status = (unsigned)status,
                  .retry_after_us = retry_after_us(call->easy),
                  .body = buffer_as_text(&call->body),
              });
}

/* --- what has happened --- */

static void take_ended(struct http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        on_ended(call, message->data.result);
    }
}

static void tell(struct http_client *client, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(client->multi, fd, events, &running);
    take_ended(client);
}

/* An error (a reset, a refusal) is told as "look for yourself": the last bytes of an answer may lie before it. libuv stops watching
 * then, so it is asked anew where libcurl goes on. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    int bits = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    tell(watched->client, watched->fd, status == 0 ? bits : 0);
    if (status != 0 && watched->events != 0)
        uv_poll_start(&watched->poll, watched->events, on_ready);
}

/* --- what libcurl wants --- */

static void on_watched_closed(uv_handle_t *handle)
{
    struct watched *watched = handle->data;
    struct http_client *client = watched->client;
    mem_free(watched);
    gate_leave(&client->gate);
}

static void unwatch(struct watched *watched)
{
    watched->events = 0;
    uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
}

/* NULL: the system does not let it be watched. */
static struct watched *watch(struct http_client *client, curl_socket_t fd)
{
    struct watched *watched = mem_zalloc(sizeof(*watched));
    *watched = (struct watched){ .client = client, .fd = fd, .poll.data = watched };
    if (uv_poll_init_socket(client->timer.loop, &watched->poll, fd) != 0) {
        mem_free(watched);
        return NULL;
    }
    gate_enter(&client->gate);
    curl_multi_assign(client->multi, fd, watched);
    return watched;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_client *client = arg;
    struct watched *watched = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL)
            unwatch(watched);
        return 0;
    }
    if (watched == NULL && (watched = watch(client, fd)) == NULL)
        return -1;
    watched->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watched->poll, watched->events, on_ready);
    return 0;
}

static void on_time(uv_timer_t *timer)
{
    tell(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
    struct http_client *client = arg;
    if (client->closing)
        return 0;
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_time, (uint64_t)timeout_ms, 0);
    return 0;
}

/* --- begin and end --- */

struct http_client *http_client_new(uv_loop_t *loop)
{
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted; what it keeps is the process's */
    struct http_client *client = mem_zalloc(sizeof(*client));
    client->multi = curl_multi_init();
    client->timer.data = client;
    uv_timer_init(loop, &client->timer);
    list_init(&client->calls);
    gate_init(&client->gate);
    gate_enter(&client->gate);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
    return client;
}

static void on_all_gone(void *arg)
{
    struct http_client *client = arg;
    void (*closed)(void *arg) = client->closed;
    void *closed_arg = client->closed_arg;
    mem_free(client);
    closed(closed_arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct http_client *client = handle->data;
    gate_leave(&client->gate);
}

static void on_close(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    struct list *link;
    while ((link = list_first(&client->calls)) != NULL)
        http_call_cancel(list_entry(link, struct http_call, link));
    curl_multi_cleanup(client->multi); /* ends the connections, and so takes its eyes off all sockets */
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
    gate_close(&client->gate, on_all_gone, client);
}

/* On the next turn: it may be a call's end that ends us, and libcurl is at work then. */
void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg)
{
    assert(!client->closing);
    client->closing = true;
    client->closed = closed;
    client->closed_arg = arg;
    uv_timer_start(&client->timer, on_close, 0, 0);
}
