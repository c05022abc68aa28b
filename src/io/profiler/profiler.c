#include "io/profiler/profiler.h"

#include "base/clock.h"
#include "io/profiler/gperftools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_MS = 100 };

static void on_tick(uv_timer_t *timer);
static void collect(struct profiler *profiler);
static void on_worker(uv_work_t *work);
static void on_collected(uv_work_t *work, int status);

void profiler_init(struct profiler *profiler, uv_loop_t *loop)
{
    *profiler = (struct profiler){ .loop = loop, .fd = -1 };
    profiler->timer.data = profiler->collecting.data = profiler;
    uv_timer_init(loop, &profiler->timer);
    gate_init(&profiler->gate);
    gate_enter(&profiler->gate); /* the timer */
}

unsigned profiler_seconds_left(const struct profiler *profiler)
{
    uint64_t now = clock_us();
    if (profiler->until_us == 0)
        return 0;
    return profiler->until_us > now ? (unsigned)((profiler->until_us - now + 999999) / 1000000) : 1;
}

/* The sampler wants a path: that of a file in memory, which needs no folder to write to and leaves nothing behind. */
static int start_sampler(struct profiler *profiler, struct error *err)
{
    char path[48];
    profiler->fd = memfd_create("profile", MFD_CLOEXEC);
    if (profiler->fd < 0)
        return error_set(err, E_IO, "no file in memory for the profile: %s", strerror(errno));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", profiler->fd);
    if (gperftools_start(path))
        return 0;
    close(profiler->fd);
    return error_set(err, E_IO, "the sampler did not start; allowed: one at a time in a process, so no CPUPROFILE in its environment");
}

int profiler_take(struct profiler *profiler, const struct profile_request *request, struct error *err)
{
    if (profiler->closing)
        return error_set(err, E_UNAVAILABLE, "the process shuts down");
    if (profiler->until_us != 0)
        return error_set(err, E_UNAVAILABLE, "another profile is being taken");
    int code = start_sampler(profiler, err);
    if (code != 0)
        return code;
    profiler->request = *request;
    profiler->until_us = clock_us() + (uint64_t)request->seconds * 1000000;
    uv_timer_start(&profiler->timer, on_tick, TICK_MS, TICK_MS);
    return 0;
}

static void on_tick(uv_timer_t *timer)
{
    struct profiler *profiler = timer->data;
    if (clock_us() >= profiler->until_us || !profiler->request.wanted(profiler->request.arg))
        collect(profiler);
}

static void collect(struct profiler *profiler)
{
    uv_timer_stop(&profiler->timer);
    gate_enter(&profiler->gate);
    uv_queue_work(profiler->loop, &profiler->collecting, on_worker, on_collected);
}

/* Writing out what was counted, and the list of what is mapped where, is a millisecond or some. */
static void on_worker(uv_work_t *work)
{
    struct profiler *profiler = work->data;
    struct stat file;
    gperftools_stop();
    if (fstat(profiler->fd, &file) != 0 || file.st_size == 0)
        return;
    size_t size = (size_t)file.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, profiler->fd, 0);
    if (bytes != MAP_FAILED)
        profiler->found = (struct text){ bytes, size };
}

/* Idle again before it tells: who is told may ask anew. */
static void on_collected(uv_work_t *work, int status)
{
    struct profiler *profiler = work->data;
    struct profile_request request = profiler->request;
    struct text found = profiler->found;
    struct error err;
    close(profiler->fd);
    profiler->found = TEXT_NONE;
    profiler->until_us = 0;
    error_set(&err, E_IO, "the sampler has written nothing");
    request.taken(request.arg, found, found.data == NULL ? &err : NULL);
    if (found.data != NULL)
        munmap((void *)(uintptr_t)found.data, found.size);
    gate_leave(&profiler->gate);
}

static void on_timer_closed(uv_handle_t *timer)
{
    struct profiler *profiler = timer->data;
    gate_leave(&profiler->gate);
}

void profiler_close(struct profiler *profiler, void (*closed)(void *arg), void *arg)
{
    profiler->closing = true;
    if (uv_is_active((uv_handle_t *)&profiler->timer))
        collect(profiler);
    uv_close((uv_handle_t *)&profiler->timer, on_timer_closed);
    gate_close(&profiler->gate, closed, arg);
}
