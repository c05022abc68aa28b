/* alarm: an agenda (core/agenda) that a timer of the kernel looks after: one timer for any number of things that are due.
 *
 * libuv's own timers count in whole milliseconds, which makes a job of one or two take up to twice as long. This one is never early
 * either, and late by up to ALARM_GRAIN_US, so that a crowd of ends wakes the loop 10,000 times a second and not once each.
 * Embedded by its owner. Loop thread only. */
#pragma once

#include "core/agenda.h"

#include <stdint.h>
#include <uv.h>

#define ALARM_GRAIN_US 100

/* Told between two turns of the loop. Thousands may be due at once, and whatever waits for one of them (its slot, its memory for the next)
 * would wait for all: with 10,000 jobs of 10 ms, that memory had left the processor's cache by then. */
#define ALARM_DUE_A_TURN 128

/* Who has many entries, each with memory that has left the processor's cache by the time that it is due, may be told of so many before. */
#define ALARM_NEAR 16

struct alarm {
    uv_poll_t poll; /* on a timerfd */
    int fd;
    struct agenda agenda;
    uint64_t armed_us; /* for when the timer is set; AGENDA_NEVER while it is not */
    void (*on_due)(void *arg, struct agenda_entry *entry, uint64_t now_us);
    void (*on_near)(void *arg, struct agenda_entry *const *entries, size_t count); /* these are due next; may be NULL */
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* For an alarm of many kinds of things: what is to be done when one is due. */
struct due {
    struct agenda_entry entry;
    void (*on_due)(struct due *due, uint64_t now_us);
};

/* Ends the process with a line when the system has no descriptor for it: it is opened once, at the start of its owner. */
void alarm_init(struct alarm *alarm, uv_loop_t *loop, void (*on_due)(void *arg, struct agenda_entry *entry, uint64_t now_us), void *arg);

/* Adds an entry, or moves it. Times are clock_us. A time that is over comes at the next turn of the loop, not inside this call. */
void alarm_set(struct alarm *alarm, struct agenda_entry *entry, uint64_t due_us);
void alarm_unset(struct alarm *alarm, struct agenda_entry *entry); /* no harm when it is not set */

/* What is still set is forgotten. `closed` is called once, later; NULL: nobody waits. */
void alarm_close(struct alarm *alarm, void (*closed)(void *arg), void *arg);
