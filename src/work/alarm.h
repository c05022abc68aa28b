/* alarm: an agenda (core/agenda) that a libuv timer looks after: one timer for any number of things that are due.
 *
 * libuv counts in milliseconds, so something may be up to 1 ms late; never early. Embedded by its owner. Loop thread only. */
#pragma once

#include "core/agenda.h"

#include <stdint.h>
#include <uv.h>

struct alarm {
    uv_timer_t timer;
    struct agenda agenda;
    uint64_t armed_us; /* for when the timer is set; AGENDA_NEVER while it is not */
    void (*on_due)(void *arg, struct agenda_entry *entry, uint64_t now_us);
    void (*after)(void *arg); /* once after all that was due; may be NULL */
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

void alarm_init(struct alarm *alarm, uv_loop_t *loop, void (*on_due)(void *arg, struct agenda_entry *entry, uint64_t now_us),
                void (*after)(void *arg), void *arg);

/* Adds an entry, or moves it. Times are clock_us. A time that is over comes at the next turn of the loop, not inside this call. */
void alarm_set(struct alarm *alarm, struct agenda_entry *entry, uint64_t due_us);
void alarm_unset(struct alarm *alarm, struct agenda_entry *entry); /* no harm when it is not set */

/* What is still set is forgotten. `closed` is called once, later. */
void alarm_close(struct alarm *alarm, void (*closed)(void *arg), void *arg);
