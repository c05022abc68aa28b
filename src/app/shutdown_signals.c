#include "app/shutdown_signals.h"

#include "app/shutdown_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

/* State of the process, as what a signal's handler sees must be. */
static struct {
    uv_async_t told; /* the loop: uv_async_send is async-signal-safe */
    atomic_int first;
    shutdown_signal_cb on_first;
    void *arg;
} signals;

static void handle(int signum)
{
    int before = errno;
    int none = 0;
    if (atomic_compare_exchange_strong(&signals.first, &none, signum))
        uv_async_send(&signals.told);
    else
        shutdown_guard_second_signal(signum);
    errno = before;
}

static void on_told(uv_async_t *told)
{
    (void)told;
    signals.on_first(signals.arg, atomic_load(&signals.first));
}

void shutdown_signals_watch(uv_loop_t *loop, shutdown_signal_cb on_first, void *arg)
{
    signals.on_first = on_first;
    signals.arg = arg;
    uv_async_init(loop, &signals.told, on_told);

    struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void shutdown_signals_close(void)
{
    uv_close((uv_handle_t *)&signals.told, NULL);
}
