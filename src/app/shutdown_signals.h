/* shutdown_signals: SIGINT and SIGTERM. The first one is told on the loop, when it turns. A second does not need it, whatever the loop
 * does, and also before it has heard of the first: it goes to the guard (shutdown_guard.h), which ends the process. libuv's own
 * signal handles would tell all of them on the loop. */
#pragma once

#include <uv.h>

typedef void (*shutdown_signal_cb)(void *arg, int signum);

/* `on_first` is called once at most. Once a process; shutdown_guard_start has been called. */
void shutdown_signals_watch(uv_loop_t *loop, shutdown_signal_cb on_first, void *arg);

/* Its handle closes in a later turn. Signals go on as they would. */
void shutdown_signals_close(void);
