#include "base/clock.h"
#include "work/work_parts.h"

/* Records taken and jobs started in one turn of the loop: what else the loop serves waits for about a millisecond at most. */
#define MOVES_A_TURN 1024

/* The same where more jobs run than that: fewer starts than ends are heard in a turn (ALARM_DUE_A_TURN). Else jobs that are over would
 * wait to be heard while others start: of 1 ms by 10,000 slots, all 10,000 ran, and had left the processor's cache by their end. */
#define MOVES_AMONG_MANY 192

/* Starts between two looks at the clock: the last of them begins some 10 us after the time that it is given. */
#define STARTS_A_LOOK 16

static size_t start_ready(struct scheduler *slots, size_t max)
{
    size_t started = 0;
    uint64_t now_us = 0;
    struct schedule_entry *entry;
    while (started < max && (entry = schedule_next(slots)) != NULL) {
        if (started++ % STARTS_A_LOOK == 0)
            now_us = clock_us();
        run_start(list_entry(entry, struct job, entry), now_us);
    }
    return started;
}

/* One round: every slot that is free and every room that is there. The pool's slots are everybody's, so all streams are asked. */
static size_t round_of_all(struct work_shared *shared, size_t max)
{
    uint64_t now_us = clock_us();
    list_each(link, &shared->works)
        work_look_up(list_entry(link, struct work, link));
    size_t started = start_ready(&shared->slots, max);
    size_t taken = 0;
    list_each(link, &shared->works) {
        struct work *work = list_entry(link, struct work, link);
        if (work->slots == &work->own_slots)
            started += start_ready(work->slots, max);
        taken += intake_take(work, now_us);
    }
    return started + taken;
}

static size_t moves_a_turn(const struct scheduler *slots)
{
    return slots->busy > MOVES_A_TURN ? MOVES_AMONG_MANY : MOVES_A_TURN;
}

static void on_turn(uv_idle_t *idle)
{
    struct work *work = idle->data;
    size_t left = moves_a_turn(work->slots);
    uv_idle_stop(idle);
    work->turn_is_due = false;
    for (size_t moved = 1; moved > 0 && left > 0; left -= moved < left ? moved : left)
        moved = round_of_all(work->shared, left);
    if (left == 0)
        work_turn_soon(work);
    work_check_end(work);
}

/* An idle handle runs before the loop waits: in this turn when a timer's callback asks, in the next when a descriptor's does,
 * and then the loop does not wait in between. So a thousand completions make one turn. */
void work_turn_soon(struct work *work)
{
    if (work->turn_is_due || uv_is_closing((uv_handle_t *)&work->turn))
        return;
    work->turn_is_due = true;
    uv_idle_start(&work->turn, on_turn);
}

void work_turn_init(struct work *work)
{
    uv_idle_init(work->shared->loop, &work->turn);
    work->turn.data = work;
}
