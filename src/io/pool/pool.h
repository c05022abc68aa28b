/* pool: jobs that burn a processor, on libuv's worker threads.
 *
 * The threads are fixed when the first of them is used: pool_prepare must be called before anything else of libuv's runs work
 * (getaddrinfo, files, the ends of Kafka handles). More threads than slots are asked for, so that those are never starved.
 * Loop thread only, but for the `run` function of a job. */
#pragma once

#include "base/list.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct pool_job;

/* Embedded by the caller; borrowed from pool_run until `done`. */
struct pool_job {
    uv_work_t work;
    struct list link;
    struct pool *pool;
    void (*run)(struct pool_job *job);  /* on a worker thread */
    void (*done)(struct pool_job *job); /* on the loop; the job may be freed or used again in it */
    uint64_t started_us;                /* when pool_run was called */
};

struct pool {
    uv_loop_t *loop;
    struct list jobs; /* the oldest first */
    size_t busy;
    struct gate gate;
};

/* Threads beyond the slots, for names, files and closing handles. */
#define POOL_SPARE_THREADS 4

/* Fixes the number of worker threads: `max_slots` and some spare ones. Once, at the start of the process. */
void pool_prepare(size_t max_slots);

void pool_init(struct pool *pool, uv_loop_t *loop);

/* Runs the job on a worker thread; `done` is called once, later. It cannot be cancelled. */
void pool_run(struct pool *pool, struct pool_job *job, void (*run)(struct pool_job *), void (*done)(struct pool_job *));

/* `closed` is called when the last job has ended; inside this call when there is none. */
void pool_close(struct pool *pool, void (*closed)(void *arg), void *arg);
