#include "work/alarm.h"

#include "base/clock.h"

static void on_timer(uv_timer_t *timer);

/* A timer that is set for earlier than needed is left alone: it finds nothing due and is set again. */
static void arm(struct alarm *alarm)
{
    uint64_t next_us = agenda_next_us(&alarm->agenda);
    if (next_us >= alarm->armed_us)
        return;
    uint64_t now_us = clock_us();
    uint64_t wait_ms = next_us > now_us ? (next_us - now_us + 999) / 1000 : 0;
    alarm->armed_us = next_us;
    uv_timer_start(&alarm->timer, on_timer, wait_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct alarm *alarm = timer->data;
    uint64_t now_us = clock_us();
    struct agenda_entry *entry;
    while ((entry = agenda_pop_due(&alarm->agenda, now_us)) != NULL)
        alarm->on_due(alarm->arg, entry, now_us);
    alarm->armed_us = AGENDA_NEVER;
    arm(alarm);
    if (alarm->after != NULL)
        alarm->after(alarm->arg);
}

void alarm_set(struct alarm *alarm, struct agenda_entry *entry, uint64_t due_us)
{
    agenda_set(&alarm->agenda, entry, due_us);
    arm(alarm);
}

void alarm_unset(struct alarm *alarm, struct agenda_entry *entry)
{
    agenda_remove(&alarm->agenda, entry);
}

void alarm_init(struct alarm *alarm, uv_loop_t *loop, void (*on_due)(void *arg, struct agenda_entry *entry, uint64_t now_us),
                void (*after)(void *arg), void *arg)
{
    *alarm = (struct alarm){ .armed_us = AGENDA_NEVER, .on_due = on_due, .after = after, .arg = arg };
    agenda_init(&alarm->agenda);
    uv_timer_init(loop, &alarm->timer);
    alarm->timer.data = alarm;
}

static void on_closed(uv_handle_t *handle)
{
    struct alarm *alarm = handle->data;
    agenda_close(&alarm->agenda);
    if (alarm->closed != NULL)
        alarm->closed(alarm->closed_arg);
}

void alarm_close(struct alarm *alarm, void (*closed)(void *arg), void *arg)
{
    alarm->closed = closed;
    alarm->closed_arg = arg;
    uv_close((uv_handle_t *)&alarm->timer, on_closed);
}
