#include "work/alarm.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* To set it also takes back that it is readable, so its descriptor is never read. */
static void set_timer(const struct alarm *alarm, uint64_t at_us)
{
    struct itimerspec when = { .it_interval = { 0 } };
    when.it_value.tv_sec = (time_t)(at_us / 1000000);
    when.it_value.tv_nsec = (long)(at_us % 1000000) * 1000;
    timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static uint64_t rounded_up(uint64_t us)
{
    return us / ALARM_GRAIN_US * ALARM_GRAIN_US + ALARM_GRAIN_US; /* never 0, which would stop the timer */
}

/* A timer that is set for earlier than needed is left alone: it finds nothing due and is set again. */
static void arm(struct alarm *alarm, uint64_t due_us)
{
    if (rounded_up(due_us) >= alarm->armed_us)
        return;
    alarm->armed_us = rounded_up(due_us);
    set_timer(alarm, alarm->armed_us);
}

static void tell_near(struct alarm *alarm, uint64_t now_us)
{
    struct agenda_entry *near[ALARM_NEAR];
    size_t count = agenda_peek_due(&alarm->agenda, now_us, near, ALARM_NEAR);
    alarm->on_near(alarm->arg, near, count);
}

/* False: more are due. */
static bool tell_due(struct alarm *alarm, uint64_t now_us)
{
    for (unsigned told = 0; told < ALARM_DUE_A_TURN; told++) {
        if (alarm->on_near != NULL && told % ALARM_NEAR == 0)
            tell_near(alarm, now_us);
        struct agenda_entry *entry = agenda_pop_due(&alarm->agenda, now_us);
        if (entry == NULL)
            return true;
        alarm->on_due(alarm->arg, entry, now_us);
    }
    return false;
}

/* What is set meanwhile needs no timer: it is armed once, at the end. Until then the descriptor stays readable, and we are called in the
 * next turn. */
static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct alarm *alarm = poll->data;
    (void)status;
    (void)events;
    if (!tell_due(alarm, clock_us()))
        return;
    uint64_t next_us = agenda_next_us(&alarm->agenda);
    alarm->armed_us = next_us == AGENDA_NEVER ? AGENDA_NEVER : rounded_up(next_us);
    set_timer(alarm, next_us == AGENDA_NEVER ? 0 : alarm->armed_us);
}

void alarm_set(struct alarm *alarm, struct agenda_entry *entry, uint64_t due_us)
{
    agenda_set(&alarm->agenda, entry, due_us);
    arm(alarm, due_us);
}

void alarm_unset(struct alarm *alarm, struct agenda_entry *entry)
{
    agenda_remove(&alarm->agenda, entry);
}

static int open_timer(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); /* the clock of clock_us */
    if (fd >= 0)
        return fd;
    perror("no timer can be had");
    abort();
}

void alarm_init(struct alarm *alarm, uv_loop_t *loop, void (*on_due)(void *arg, struct agenda_entry *entry, uint64_t now_us), void *arg)
{
    *alarm = (struct alarm){ .fd = open_timer(), .armed_us = AGENDA_NEVER, .on_due = on_due, .arg = arg };
    agenda_init(&alarm->agenda);
    uv_poll_init(loop, &alarm->poll, alarm->fd);
    alarm->poll.data = alarm;
    uv_poll_start(&alarm->poll, UV_READABLE, on_timer);
}

static void on_closed(uv_handle_t *handle)
{
    struct alarm *alarm = handle->data;
    close(alarm->fd);
    agenda_close(&alarm->agenda);
    if (alarm->closed != NULL)
        alarm->closed(alarm->closed_arg);
}

void alarm_close(struct alarm *alarm, void (*closed)(void *arg), void *arg)
{
    alarm->closed = closed;
    alarm->closed_arg = arg;
    uv_close((uv_handle_t *)&alarm->poll, on_closed);
}
