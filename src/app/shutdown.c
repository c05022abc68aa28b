#include "app/shutdown.h"

#include "app/shutdown_guard.h"
#include "app/shutdown_signals.h"
#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <unistd.h>

static void next_phase(struct shutdown *shutdown);

void shutdown_part_ended(void *arg)
{
    struct shutdown *shutdown = arg;
    if (--shutdown->pending == 0)
        next_phase(shutdown);
}

/* The loop has its own watchdog; who guards the loop gives it so much more. */
#define GUARD_GRACE_US 2000000

static void finish(struct shutdown *shutdown)
{
    shutdown_guard_end();
    loop_monitor_close(&shutdown->node->monitor);
    reload_close(shutdown->reload);
    shutdown_signals_close();
    uv_close((uv_handle_t *)&shutdown->watchdog, NULL);
    log_info("shutdown", "done in %llu ms", (unsigned long long)((clock_us() - shutdown->started_us) / 1000));
}

/* The guard in `pending` lets parts end within their begin. */
static void next_phase(struct shutdown *shutdown)
{
    const struct shutdown_phase *phase = &shutdown_phases[shutdown->phase];
    if (phase->name == NULL) {
        finish(shutdown);
        return;
    }
    shutdown->phase++;
    uint64_t whole = shutdown->deadline_us - shutdown->started_us;
    uint64_t deadline_us = shutdown->started_us + (uint64_t)((double)whole * phase->until);
    uint64_t now = clock_us();
    log_debug("shutdown", "%s", phase->name);
    shutdown->pending = 1;
    phase->begin(shutdown, deadline_us > now ? deadline_us : now);
    shutdown_part_ended(shutdown);
}

static _Noreturn void leave(int status)
{
    log_stop(LOG_FAREWELL_US);
    _exit(status);
}

static void on_watchdog(uv_timer_t *timer)
{
    struct shutdown *shutdown = timer->data;
    const char *phase = shutdown_phases[shutdown->phase - 1].name;
    if (shutdown->cut == 0) {
        log_warn("shutdown", "\"%s\" did not end in time: leaving without it; nothing is lost, but what was not committed is done again",
                 phase);
        leave(0);
    }
    log_error("shutdown", "\"%s\" did not end in time: leaving without it; %zu requests and jobs were cut", phase, shutdown->cut);
    leave(1);
}

static void on_first_signal(void *arg, int signum)
{
    struct shutdown *shutdown = arg;
    struct node *node = shutdown->node;
    log_info("shutdown", "%s: shutting down within %llu s", signum == SIGTERM ? "SIGTERM" : "SIGINT",
             (unsigned long long)(node->settings->shutdown_us / 1000000));
    shutdown->started_us = clock_us();
    shutdown->deadline_us = shutdown->started_us + node->settings->shutdown_us;
    shutdown_guard_until(shutdown->deadline_us + GUARD_GRACE_US);
    uv_timer_start(&shutdown->watchdog, on_watchdog, node->settings->shutdown_us / 1000, 0);

    health_stop(&node->health);
    http_server_stop_accepting(node->http);
    for (size_t i = 0; i < node->settings->streams.count; i++)
        if (node->streams[i].work != NULL)
            work_stop_fetching(node->streams[i].work);
    next_phase(shutdown);
}

void shutdown_watch(struct shutdown *shutdown, struct node *node, struct reload *reload)
{
    *shutdown = (struct shutdown){ .node = node, .reload = reload };
    uv_timer_init(&node->loop, &shutdown->watchdog);
    shutdown->watchdog.data = shutdown;
    shutdown_guard_start();
    shutdown_signals_watch(&node->loop, on_first_signal, shutdown);
}
