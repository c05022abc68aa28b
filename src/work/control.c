/* What may be changed while a work runs. A pause keeps the membership: the group is polled all the same, newly assigned partitions
 * stand still too, and what librdkafka has prefetched stays (its own pause would throw it away). */
#include "base/log.h"
#include "work/work_parts.h"

#include <inttypes.h>

#define TIME_MAX_US (86400 * UINT64_C(1000000))

/* Slots of one's own are no threads: they bound what waits. */
#define OWN_SLOTS_MAX 1000000

bool work_paused(const struct work *work)
{
    return (work->holds & HOLD_PAUSED) != 0;
}

void work_pause(struct work *work)
{
    if (work_paused(work))
        return;
    work_hold(work, HOLD_PAUSED);
    log_info("work", "%s: paused; %zu jobs still run", work->options.stream, work->running);
}

void work_resume(struct work *work)
{
    if (!work_paused(work))
        return;
    work_let_go(work, HOLD_PAUSED);
    work_turn_soon(work); /* something else may hold the start of jobs; the intake goes on all the same */
    log_info("work", "%s: goes on", work->options.stream);
}

static bool has_own_slots(const struct work *work)
{
    return work->slots == &work->own_slots;
}

static size_t slots_max(const struct work *work)
{
    const struct work_shared *shared = work->shared;
    if (has_own_slots(work))
        return OWN_SLOTS_MAX;
    return shared->slots_max > shared->slots.limit ? shared->slots_max : shared->slots.limit;
}

static int check_concurrency(const struct work *work, const struct work_setting *setting, struct error *err)
{
    size_t max = slots_max(work);
    if (!setting->has_concurrency || (setting->concurrency >= 1 && setting->concurrency <= max))
        return 0;
    return error_set(err, E_INVALID, "found concurrency %zu; allowed: 1 to %zu%s", setting->concurrency, max,
                     has_own_slots(work) ? "" : " (pool.max)");
}

static int check_time(const struct work *work, const struct work_setting *setting, struct error *err)
{
    if (!setting->has_time)
        return 0;
    if (work->handler->set_time == NULL)
        return error_set(err, E_INVALID, "found a processing time for the handler %s, whose jobs take the time that they take",
                         work->handler->name);
    if (setting->time_us > TIME_MAX_US)
        return error_set(err, E_INVALID, "found a processing time of %" PRIu64 " ms; allowed: 0 to %" PRIu64, setting->time_us / 1000,
                         TIME_MAX_US / 1000);
    return 0;
}

static void set_concurrency(struct work *work, size_t slots)
{
    log_info("work", "%s: %zu slots%s instead of %zu", work->options.stream, slots, has_own_slots(work) ? "" : " of the pool",
             work->slots->limit);
    if (has_own_slots(work))
        work->own_slots.limit = slots;
    else
        work_shared_set_slots(work->shared, slots);
    work_turn_soon(work);
}

static void set_time(struct work *work, uint64_t time_us)
{
    work->handler->set_time(work->handler_state, time_us);
    log_info("work", "%s: from now on a job takes %" PRIu64 " ms", work->options.stream, time_us / 1000);
}

int work_set(struct work *work, const struct work_setting *setting, struct error *err)
{
    if (work->handler == NULL)
        return error_set(err, E_UNAVAILABLE, "the work of %s has ended", work->options.stream);
    if (check_concurrency(work, setting, err) != 0 || check_time(work, setting, err) != 0)
        return E_INVALID;
    if (setting->has_concurrency)
        set_concurrency(work, setting->concurrency);
    if (setting->has_time)
        set_time(work, setting->time_us);
    if (setting->has_paused && setting->paused)
        work_pause(work);
    else if (setting->has_paused)
        work_resume(work);
    return 0;
}

void work_get(const struct work *work, struct work_setting *setting)
{
    *setting = (struct work_setting){ .has_concurrency = true, .concurrency = work->slots->limit };
    setting->has_paused = true;
    setting->paused = work_paused(work);
    if (work->handler != NULL && work->handler->time != NULL)
        setting->has_time = work->handler->time(work->handler_state, &setting->time_us);
}
