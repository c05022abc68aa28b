/* loop: the few words that every module on the libuv loop shares.
 *
 *   gate     counts the open handles and requests of a module and calls back when the last is gone:
 *            how `*_close(module, closed, arg)` keeps its promise to call back exactly once, later.
 *   wakeup   lets another thread (librdkafka's) wake the loop: any number of signals before the loop
 *            turns are one call. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct gate {
    unsigned open;
    bool closing;
    void (*closed)(void *arg);
    void *arg;
};

void gate_init(struct gate *gate);
void gate_enter(struct gate *gate);
/* The call that takes the last one out of a closing gate calls `closed`; the gate may be freed by it. */
void gate_leave(struct gate *gate);
/* `closed` fires once nothing is inside: inside this call only if the gate is empty already, so enter
 * before closing handles (every module has at least one handle, whose close callback comes later). */
void gate_close(struct gate *gate, void (*closed)(void *arg), void *arg);

typedef void (*wakeup_cb)(void *arg);

struct wakeup {
    uv_poll_t poll; /* on the reading end of an eventfd */
    int fd;         /* public: librdkafka writes 8 bytes (any value but 0) to it; non-blocking */
    wakeup_cb on_wakeup;
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* Returns 0 or a libuv error; on failure nothing is open. `on_wakeup` runs on the loop. */
int wakeup_init(struct wakeup *wakeup, uv_loop_t *loop, wakeup_cb on_wakeup, void *arg);
void wakeup_signal(struct wakeup *wakeup); /* any thread */
void wakeup_close(struct wakeup *wakeup, void (*closed)(void *arg), void *arg);
