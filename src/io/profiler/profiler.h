/* profiler: where the processor's time goes, for some seconds, told to whoever asked.
 *
 *   profile   stacks of all threads (the loop, its pool, librdkafka's), each with the samples that found it; `pprof` reads it
 *   sample    one look at the thread that runs, a hundred in a second of processor time (CPUPROFILE_FREQUENCY)
 *
 *   idle --profiler_take--> sampling --time over, nobody waits any more, or profiler_close--> collecting --> idle
 *
 * One at a time: samples are a signal's (SIGPROF), and that is the whole process's. Loop thread only; what takes time to collect is
 * done on one of libuv's worker threads. */
#pragma once

#include "base/error.h"
#include "base/loop.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Who wants a profile; copied. */
struct profile_request {
    unsigned seconds;
    bool (*wanted)(void *arg); /* asked several times a second; false ends it early */
    /* Called once, later. The profile is borrowed for the call; TEXT_NONE with the reason in `err` when there is none. */
    void (*taken)(void *arg, struct text profile, const struct error *err);
    void *arg;
};

struct profiler {
    uv_loop_t *loop;
    uv_timer_t timer; /* runs while it samples */
    uv_work_t collecting;
    struct gate gate;
    struct profile_request request;
    uint64_t until_us; /* clock_us; 0: idle */
    bool closing;
    int fd;            /* of the profile, a file in memory */
    struct text found; /* what was collected; data == NULL: nothing */
};

void profiler_init(struct profiler *profiler, uv_loop_t *loop);

/* Whole seconds, rounded up, until the profile that is being taken ends; 0 when there is none. */
unsigned profiler_seconds_left(const struct profiler *profiler);

/* Begins a profile. Returns 0, or a code with a sentence: E_UNAVAILABLE, another is being taken or the profiler is closing; E_IO,
 * samples cannot be taken here. */
int profiler_take(struct profiler *profiler, const struct profile_request *request, struct error *err);

/* A profile that is being taken ends now, and is told. `closed` is called when it was. */
void profiler_close(struct profiler *profiler, void (*closed)(void *arg), void *arg);
