/* watch: how far a group is behind: asks the brokers now and then, and tells it as metrics and as a section of /debug/stats.
 *
 *   reading   what the brokers said last of one group in one topic (io/kafka/group_reader)
 *   lag       offsets from where the group is to the end of the log (core/lag)
 *   gone      a partition that the last reading no longer has: told nowhere, until it is back
 *   stale     three questions in a row had no answer: what is not known is NaN in the metrics, and null in the section
 *
 * Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "base/stats.h"
#include "io/kafka/group_reader.h"
#include "watch/watch_config.h"

#include <uv.h>

struct watch; /* opaque: of one stream */

/* What the watches of all streams share; embedded by whoever wires them. */
struct watch_shared {
    uv_loop_t *loop;
    struct metrics *metrics;
    struct stats_section section;
    struct list watches;
};

void watch_shared_init(struct watch_shared *shared, uv_loop_t *loop, struct metrics *metrics, struct stats *stats);
void watch_shared_close(struct watch_shared *shared);

struct watch_options {
    struct watch_shared *shared;
    const char *stream; /* its name; borrowed, like all that follows */
    const char *topic;
    const char *group;
    bool from_end; /* where the group has no commit it begins at the end, else at the beginning */
    const struct watch_config *config;
    struct client_target target;
};

/* Asks soon, and then each `config->every`, after a failure within 5 s, on a handle of its own. NULL with a sentence. */
struct watch *watch_start(const struct watch_options *options, struct error *err);

/* No answer changes anything after this; `closed` is called once, later. */
void watch_close(struct watch *watch, void (*closed)(void *arg), void *arg);
