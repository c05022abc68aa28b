/* caller: one keep-alive HTTP connection that carries one request at a time.
 *
 *   DOWN --send--> CONNECTING --> BUSY --answer--> IDLE --send--> BUSY ...
 *     ^                |            |                |
 *     +---- error, timeout, `Connection: close` -----+
 *
 * A failed connection is no state of its own: the next send connects again. Loop thread only. */
#pragma once

#include "attack/url.h"
#include "base/buffer.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct caller;

/* status 0: no answer. The caller may send again inside. */
typedef void (*caller_cb)(struct caller *caller, int status);

enum caller_state { CALLER_DOWN, CALLER_CONNECTING, CALLER_IDLE, CALLER_BUSY, CALLER_CLOSING };

struct caller {
    void *user;           /* the caller's */
    uint64_t intended_us; /* the caller's: when this request was meant to start */
    enum caller_state state;
    uv_loop_t *loop;
    const struct url *target;
    caller_cb done;
    uint64_t timeout_ms;
    struct buffer request; /* what is to be sent, or is being sent */
    bool waiting;          /* a request has no answer yet */
    bool ended;            /* caller_close was called: no more callbacks */
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
void caller_init(struct caller *caller, uv_loop_t *loop, const struct url *target, uint64_t timeout_us, caller_cb done);

/* Sends what stands in caller->request. `done` fires once, later. Not while a request is on its way. */
void caller_send(struct caller *caller);

/* Ends it: a request on its way gets no callback. The handles close in a later turn. */
void caller_close(struct caller *caller);
void caller_free(struct caller *caller); /* after the loop has ended */
