#include "core/breaker.h"

/* The one place where the state changes; breaker.h draws the moves. */
static void move(struct breaker *breaker, enum breaker_state to, uint64_t now_us)
{
    if (breaker->state == BREAKER_CLOSED && to == BREAKER_OPEN)
        breaker->opened_count++;
    if (to == BREAKER_OPEN)
        breaker->resting_us = now_us;
    if (to == BREAKER_CLOSED)
        breaker->failures = 0;
    breaker->state = to;
    breaker->since_us = now_us;
}

/* Counted from the later of the record's start and the closing, as the header says. */
static bool is_stalled(const struct breaker *breaker, uint64_t now_us, struct breaker_queue queue)
{
    if (queue.records == 0)
        return false;
    uint64_t from_us = queue.oldest_us > breaker->since_us ? queue.oldest_us : breaker->since_us;
    return now_us > from_us && now_us - from_us > breaker->config.stall_us;
}

static bool has_rested(const struct breaker *breaker, uint64_t now_us)
{
    return now_us - breaker->resting_us >= breaker->config.pause_us;
}

bool breaker_refuses(const struct breaker *breaker, uint64_t now_us, struct breaker_queue queue)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return is_stalled(breaker, now_us, queue);
    case BREAKER_OPEN:
        return queue.records > 0 || !has_rested(breaker, now_us);
    case BREAKER_HALF_OPEN:
        break;
    }
    return true;
}

bool breaker_admit(struct breaker *breaker, uint64_t now_us, struct breaker_queue queue)
{
    breaker_tick(breaker, now_us, queue);
    if (breaker_refuses(breaker, now_us, queue))
        return false;
    if (breaker->state == BREAKER_OPEN)
        move(breaker, BREAKER_HALF_OPEN, now_us);
    return true;
}

void breaker_tick(struct breaker *breaker, uint64_t now_us, struct breaker_queue queue)
{
    if (breaker->state == BREAKER_CLOSED && is_stalled(breaker, now_us, queue))
        move(breaker, BREAKER_OPEN, now_us);
}

static void on_failure(struct breaker *breaker, uint64_t now_us)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        if (++breaker->failures >= breaker->config.failures)
            move(breaker, BREAKER_OPEN, now_us);
        break;
    case BREAKER_OPEN:
        breaker->resting_us = now_us; /* the pause counts from the last sign of trouble */
        break;
    case BREAKER_HALF_OPEN:
        move(breaker, BREAKER_OPEN, now_us);
        break;
    }
}

void breaker_on_report(struct breaker *breaker, bool ok, uint64_t now_us)
{
    if (!ok)
        on_failure(breaker, now_us);
    else if (breaker->state == BREAKER_CLOSED)
        breaker->failures = 0;
    else
        move(breaker, BREAKER_CLOSED, now_us);
}

void breaker_on_unsent(struct breaker *breaker, uint64_t now_us)
{
    if (breaker->state == BREAKER_HALF_OPEN)
        move(breaker, BREAKER_OPEN, now_us);
}

void breaker_init(struct breaker *breaker, const struct breaker_config *config, uint64_t now_us)
{
    *breaker = (struct breaker){ .state = BREAKER_CLOSED, .since_us = now_us, .config = *config };
}

uint64_t breaker_retry_after_us(const struct breaker *breaker, uint64_t now_us)
{
    if (breaker->state == BREAKER_CLOSED)
        return 0;
    if (breaker->state == BREAKER_HALF_OPEN || has_rested(breaker, now_us))
        return breaker->config.pause_us;
    return breaker->resting_us + breaker->config.pause_us - now_us;
}

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = { "closed", "open", "half open" };
    return names[state];
}

double breaker_state_gauge(enum breaker_state state)
{
    static const double gauges[] = { 0, 1, 0.5 };
    return gauges[state];
}
