/* client: one keep-alive HTTP connection that carries one request at a time.
 *
 *   DOWN --send--> CONNECTING --> BUSY --answer--> IDLE --send--> BUSY ...
 *     ^                |            |                |
 *     +---- error, timeout, `Connection: close` -----+
 *
 * A failed connection is no state of its own: the next send connects again. Loop thread only. */
#pragma once

#include "attack/target.h"
#include "base/buffer.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct client;

/* status 0: no answer. The client may send again inside. */
typedef void (*client_cb)(struct client *client, int status);

enum client_state { CLIENT_DOWN, CLIENT_CONNECTING, CLIENT_IDLE, CLIENT_BUSY, CLIENT_CLOSING };

struct client {
    void *user;           /* the caller's */
    uint64_t intended_us; /* the caller's: when this request was meant to start */
    enum client_state state;
    uv_loop_t *loop;
    const struct target *target;
    client_cb done;
    uint64_t timeout_ms;
    struct buffer request; /* what is to be sent, or is being sent */
    bool waiting;          /* a request has no answer yet */
    bool ended;            /* client_close was called: no more callbacks */
    bool complete;         /* the answer's last byte came in this read */
    int status;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_connect_t connecting;
    uv_write_t writing;
    llhttp_t parser;
    llhttp_settings_t settings;
    char input[16384];
};

/* `target` is borrowed. */
void client_init(struct client *client, uv_loop_t *loop, const struct target *target, uint64_t timeout_us, client_cb done);

/* Sends what stands in client->request. `done` fires once, later. Not while a request is on its way. */
void client_send(struct client *client);

/* Ends it: a request on its way gets no callback. The handles close in a later turn. */
void client_close(struct client *client);
void client_free(struct client *client); /* after the loop has ended */
