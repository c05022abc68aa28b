#include "io/pool/pool.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static void on_worker(uv_work_t *work)
{
    struct pool_job *job = work->data;
    job->run(job);
}

static void on_done(uv_work_t *work, int status)
{
    struct pool_job *job = work->data;
    struct pool *pool = job->pool;
    (void)status; /* never cancelled */
    list_remove(&job->link);
    pool->busy--;
    job->done(job);
    gate_leave(&pool->gate); /* last: the owner may free the pool when it is empty */
}

void pool_run(struct pool *pool, struct pool_job *job, void (*run)(struct pool_job *), void (*done)(struct pool_job *))
{
    job->work.data = job;
    job->pool = pool;
    job->run = run;
    job->done = done;
    job->started_us = clock_us();
    list_push(&pool->jobs, &job->link);
    pool->busy++;
    gate_enter(&pool->gate);
    uv_queue_work(pool->loop, &job->work, on_worker, on_done);
}

void pool_prepare(size_t max_slots)
{
    char threads[24];
    snprintf(threads, sizeof(threads), "%zu", max_slots + POOL_SPARE_THREADS);
    setenv("UV_THREADPOOL_SIZE", threads, 1); /* the only way to tell libuv; read when its first work begins */
}

void pool_init(struct pool *pool, uv_loop_t *loop)
{
    *pool = (struct pool){ .loop = loop };
    list_init(&pool->jobs);
    gate_init(&pool->gate);
}

void pool_close(struct pool *pool, void (*closed)(void *arg), void *arg)
{
    gate_close(&pool->gate, closed, arg);
}
