/* simulate: work that only takes time, on the loop (`timer`) or on a processor (`cpu`). */
#include "base/clock.h"
#include "base/memory.h"
#include "work/alarm.h"
#include "work/evidence.h"
#include "work/handler.h"
#include "work/simulated_job.h"

struct simulate {
    const struct simulate_config *config;
    struct handler_context context;
    struct alarm alarm; /* ends of jobs that wait */
    struct evidence evidence;
    bool time_is_set; /* from outside: it holds for every job, whatever its record says */
    uint64_t time_us;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* In the attempt's own memory. */
struct simulation {
    struct agenda_entry due;
    struct simulate *simulate;
    struct attempt *attempt;
    struct simulated_job job;
    struct pool_job burning;
};

static void end(struct simulation *simulation, uint64_t now_us)
{
    enum outcome outcome = simulation->job.fails ? OUTCOME_FAILED : OUTCOME_DONE;
    evidence_end(&simulation->simulate->evidence, simulation->attempt, outcome);
    attempt_end(simulation->attempt, outcome, now_us);
}

/* --- timer --- */

static void on_due(void *arg, struct agenda_entry *entry, uint64_t now_us)
{
    end(list_entry(entry, struct simulation, due), now_us);
}

static void on_near(void *arg, struct agenda_entry *const *entries, size_t count)
{
    struct attempt *attempts[ALARM_NEAR];
    for (size_t i = 0; i < count; i++)
        attempts[i] = list_entry(entries[i], struct simulation, due)->attempt;
    attempts_end_soon(attempts, count);
}

/* --- cpu --- */

/* On a worker thread. */
static void burn(struct pool_job *job)
{
    const struct simulation *simulation = list_entry(job, struct simulation, burning);
    uint64_t until_us = clock_us() + simulation->job.time_us;
    while (clock_us() < until_us)
        ;
}

static void on_burnt(struct pool_job *job)
{
    end(list_entry(job, struct simulation, burning), clock_us());
}

/* --- the handler --- */

static struct simulation *new_simulation(struct simulate *simulate, struct attempt *attempt, struct simulated_job job)
{
    struct simulation *simulation = attempt->own;
    simulation->due = (struct agenda_entry){ 0 };
    simulation->simulate = simulate;
    simulation->attempt = attempt;
    simulation->job = job;
    return simulation;
}

static int read_job(const struct simulate *simulate, struct attempt *attempt, struct simulated_job *job)
{
    bool traced = simulate->context.traced;
    if (traced)
        attempt->read_from_us = clock_us();
    int code = simulated_job_read(job, simulate->config, attempt->value, attempt->number, simulate->context.random, &attempt->reason);
    if (traced)
        attempt->read_until_us = clock_us();
    return code;
}

static enum outcome simulate_start(void *state, struct attempt *attempt)
{
    struct simulate *simulate = state;
    struct simulated_job job;
    evidence_start(&simulate->evidence, attempt);
    if (read_job(simulate, attempt, &job) != 0) {
        evidence_end(&simulate->evidence, attempt, OUTCOME_REJECTED);
        return OUTCOME_REJECTED;
    }

    if (simulate->time_is_set)
        job.time_us = simulate->time_us;
    struct simulation *simulation = new_simulation(simulate, attempt, job);
    if (simulate->config->mode == SIMULATE_CPU)
        pool_run(simulate->context.pool, &simulation->burning, burn, on_burnt);
    else
        alarm_set(&simulate->alarm, &simulation->due, attempt->started_us + job.time_us);
    return OUTCOME_PENDING;
}

/* Comes to its end at the next turn of the loop instead of at its time. */
static bool simulate_cancel(void *state, struct attempt *attempt)
{
    struct simulate *simulate = state;
    struct simulation *simulation = attempt->own;
    if (simulate->config->mode == SIMULATE_CPU)
        return false;
    simulation->job.fails = true;
    error_set(&attempt->reason, E_CANCELED, "the simulated job was ended before its time");
    alarm_set(&simulate->alarm, &simulation->due, 0);
    return true;
}

static void simulate_set_time(void *state, uint64_t time_us)
{
    struct simulate *simulate = state;
    simulate->time_is_set = true;
    simulate->time_us = time_us;
}

static bool simulate_time(const void *state, uint64_t *time_us)
{
    const struct simulate *simulate = state;
    *time_us = simulate->time_is_set ? simulate->time_us : simulate->config->min_us;
    return simulate->time_is_set || simulate->config->range_us == 0;
}

static int simulate_check(const struct handler_config *config, struct error *err)
{
    return evidence_check(config->simulate.record, err) == 0 ? 0 : error_wrap(err, "simulate.record");
}

static int simulate_open(void **state, const struct handler_context *context, const struct handler_config *config, struct error *err)
{
    struct simulate *simulate = mem_zalloc(sizeof(*simulate));
    simulate->config = &config->simulate;
    simulate->context = *context;
    if (evidence_open(&simulate->evidence, config->simulate.record, err) != 0) {
        mem_free(simulate);
        return error_wrap(err, "simulate.record");
    }
    alarm_init(&simulate->alarm, context->loop, on_due, simulate);
    simulate->alarm.on_near = on_near;
    *state = simulate;
    return 0;
}

static void on_closed(void *arg)
{
    struct simulate *simulate = arg;
    evidence_close(&simulate->evidence);
    simulate->closed(simulate->closed_arg);
    mem_free(simulate);
}

static void simulate_close(void *state, void (*closed)(void *arg), void *arg)
{
    struct simulate *simulate = state;
    simulate->closed = closed;
    simulate->closed_arg = arg;
    alarm_close(&simulate->alarm, on_closed, simulate);
}

const struct handler simulate_handler = {
    .name = "simulate",
    .span = "heavy_calculation",
    .own_bytes = sizeof(struct simulation),
    .check = simulate_check,
    .open = simulate_open,
    .start = simulate_start,
    .cancel = simulate_cancel,
    .set_time = simulate_set_time,
    .time = simulate_time,
    .close = simulate_close,
};
