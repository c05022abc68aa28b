/* group_reader: asks the brokers how far one group is in a topic, how many members it has, and how topic and cluster stand.
 *
 *   topic -> commits -> ends -> beginnings (of partitions without a commit) -> group -> cluster -> told
 *
 * Commits before ends, as Kafka's own tool asks: what comes in between makes a lag a little too large, never less than 0.
 * On a handle of its own, so that questions never wait behind records. Loop thread only. */
#pragma once

#include "base/error.h"
#include "io/kafka/client_target.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define GROUP_NOTHING INT64_C(-1)

struct group_partition {
    int64_t committed; /* GROUP_NOTHING: the group has no commit for it */
    int64_t beginning; /* of its log; asked only where there is no commit, else GROUP_NOTHING */
    int64_t end;       /* the high watermark: the offset that the next record gets; GROUP_NOTHING: it has no leader that could tell */
    int32_t leader;    /* a broker's id; GROUP_NOTHING: none */
    int32_t replicas;
    int32_t in_sync;
};

struct group_reading {
    const struct group_partition *partitions; /* by number */
    size_t partition_count;
    int64_t members; /* GROUP_NOTHING: not known (an embedded cluster; a group whose members the broker leads, KIP-848) */
    int64_t brokers; /* that are alive; GROUP_NOTHING in an embedded cluster */
};

/* `reading` is borrowed for the call; NULL where `err` tells why there is none. */
typedef void (*group_reading_cb)(void *arg, const struct group_reading *reading, const struct error *err);

struct group_reader; /* opaque */

/* What group_reader_open would say of this target, which is nowhere: told without a broker. */
int group_reader_check(const struct client_target *target, const char *group, struct error *err);

/* `target` is copied, what it points to and the texts are borrowed. The group is not joined. NULL with a sentence. */
struct group_reader *group_reader_open(uv_loop_t *loop, const struct client_target *target, const char *group, const char *topic,
                                       struct error *err);

/* Asks; one question at a time. `done` is called once, later; at the latest, with E_CANCELED, while the reader closes.
 * Non-zero (E_UNAVAILABLE: no broker is connected): `done` is never called. */
int group_reader_ask(struct group_reader *reader, group_reading_cb done, void *arg, struct error *err);

/* `closed` is called once, later: within some two seconds where a question is under way. */
void group_reader_close(struct group_reader *reader, void (*closed)(void *arg), void *arg);
