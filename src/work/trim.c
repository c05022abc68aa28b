/* Gives memory back to the system once the records have gone that took it. malloc keeps what was freed, and so does the arena of
 * librdkafka's thread: after a rush of 2 million records that was 40 MiB. */
#include "base/clock.h"
#include "base/memory.h"
#include "work/work_parts.h"

#define QUIET_US      (5 * UINT64_C(1000000)) /* nothing has come for so long */
#define WORTH_RECORDS 10000                   /* fewer leave little behind */

static void give_back(struct work *work)
{
    if (work->counts.taken - work->taken_at_trim < WORTH_RECORDS)
        return;
    work->taken_at_trim = work->counts.taken;
    shelf_clear(&work->jobs);
    mem_trim();
}

static void on_look(struct due *due, uint64_t now_us)
{
    struct work *work = list_entry(due, struct work, trim_due);
    bool quiet = work->records.used == 0 && work->counts.taken == work->taken_at_look;
    work->taken_at_look = work->counts.taken;
    if (quiet)
        give_back(work);
    else
        alarm_set(&work->alarm, &work->trim_due.entry, now_us + QUIET_US);
}

void trim_later(struct work *work)
{
    if (!agenda_has(&work->trim_due.entry))
        alarm_set(&work->alarm, &work->trim_due.entry, clock_us() + QUIET_US);
}

void trim_init(struct work *work)
{
    work->trim_due.on_due = on_look;
}
