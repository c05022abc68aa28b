#include "app/shutdown_guard.h"

#include "base/clock.h"
#include "base/log.h"

#include <unistd.h>

/* Returns false when the time is over first. */
static bool ends_in_time(struct shutdown_guard *guard)
{
    uv_mutex_lock(&guard->mutex);
    uint64_t now_us;
    while (!guard->over && (now_us = clock_us()) < guard->until_us)
        uv_cond_timedwait(&guard->changed, &guard->mutex, (guard->until_us - now_us) * 1000);
    bool over = guard->over;
    uv_mutex_unlock(&guard->mutex);
    return over;
}

static void watch(void *arg)
{
    if (ends_in_time(arg))
        return;
    log_error("shutdown", "the loop stands still: leaving without it; what was not committed is done again");
    log_stop(LOG_FAREWELL_US);
    _exit(1);
}

void shutdown_guard_begin(struct shutdown_guard *guard, uint64_t until_us)
{
    *guard = (struct shutdown_guard){ .until_us = until_us };
    uv_mutex_init(&guard->mutex);
    uv_cond_init(&guard->changed);
    uv_thread_create(&guard->thread, watch, guard);
}

void shutdown_guard_end(struct shutdown_guard *guard)
{
    uv_mutex_lock(&guard->mutex);
    guard->over = true;
    uv_cond_signal(&guard->changed);
    uv_mutex_unlock(&guard->mutex);
    uv_thread_join(&guard->thread);
    uv_cond_destroy(&guard->changed);
    uv_mutex_destroy(&guard->mutex);
}
