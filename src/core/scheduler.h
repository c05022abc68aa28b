/* scheduler: which record gets the next free slot.
 *
 *   slot      the right to run one job; a scheduler has `limit` of them
 *   stream    what shares the slots with other streams: round robin among those that have something ready
 *   source    a partition of a stream: round robin again
 *   entry     a record that is ready: the head of a lane, in the order in which lanes became ready
 *
 *   scheduler -> streams with ready sources -> sources with ready entries -> entries
 *
 * Only what has something ready is linked, so choosing is O(1) however many streams, partitions and lanes there are.
 * The process has one scheduler for the pool's slots; a stream with a `concurrency` of its own has one to itself.
 * No clock, no thread. */
#pragma once

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct scheduler {
    size_t limit; /* may change at any time; over the limit nothing starts */
    size_t busy;
    struct list streams; /* that have ready sources and are not held */
};

struct schedule_stream {
    struct list link;
    struct scheduler *scheduler;
    struct list sources; /* that have ready entries and are not held */
    bool held;           /* backs off: keeps what is ready, is not chosen */
};

struct schedule_source {
    struct list link;
    struct schedule_stream *stream;
    struct list entries;
    bool held; /* its partition is given back */
};

struct schedule_entry {
    struct list link;
    struct schedule_source *source;
};

void scheduler_init(struct scheduler *scheduler, size_t limit);
void schedule_stream_init(struct schedule_stream *stream, struct scheduler *scheduler);
void schedule_source_init(struct schedule_source *source, struct schedule_stream *stream);

/* Puts an entry at the end of its source's line. */
void schedule_add(struct schedule_source *source, struct schedule_entry *entry);

/* Takes an entry that waits for a slot out of its line. */
void schedule_remove(struct schedule_entry *entry);

/* Chooses the next entry, takes it out of its line and takes a slot for it. NULL: no slot is free or nothing is ready.
 * The caller gives the slot back with schedule_release. */
struct schedule_entry *schedule_next(struct scheduler *scheduler);
void schedule_release(struct scheduler *scheduler);

/* Held: nothing of it is chosen; what is ready stays in line. A stream until it is let go, a source for good. */
void schedule_hold_stream(struct schedule_stream *stream);
void schedule_let_go_stream(struct schedule_stream *stream);
void schedule_hold_source(struct schedule_source *source);

/* True when schedule_next would give something. */
bool schedule_has_next(const struct scheduler *scheduler);
