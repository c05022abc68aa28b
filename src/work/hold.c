#include "work/work_parts.h"

void work_hold(struct work *work, enum work_hold reason)
{
    work->holds |= (unsigned)reason;
    schedule_hold_stream(&work->schedule);
}

void work_look_up(struct work *work)
{
    if (work->consumer != NULL)
        consumer_look_up(work->consumer);
}

void work_let_go(struct work *work, enum work_hold reason)
{
    work->holds &= ~(unsigned)reason;
    if (work->holds != 0)
        return;
    schedule_let_go_stream(&work->schedule);
    work_turn_soon(work);
}
