/* embedded: a Kafka cluster inside the process, for a first try without a broker: librdkafka's mock cluster on 127.0.0.1.
 *
 * It keeps records in memory only, and at most 5 MiB or 100,000 batches a partition: then it drops the oldest without
 * a word. So this module counts, a partition, what was produced and is not done yet, and refuses (embedded_admit)
 * before that point. It counts on the safe side: a record is a batch of its own, and what is in flight counts for each partition.
 *
 * Loop thread only, but for embedded_bootstrap. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* The id of its one broker. The mock cluster names a controller that it does not have, so questions go to this one. */
#define EMBEDDED_BROKER 1

struct embedded;       /* opaque */
struct embedded_topic; /* opaque; lives as long as its cluster */

/* What a user must know, for the first line of the log. */
extern const char *const embedded_warning;

/* Starts the cluster: one broker on a free port. NULL with a sentence when librdkafka refuses. */
struct embedded *embedded_open(struct error *err);

/* "127.0.0.1:40001": borrowed until close. */
const char *embedded_bootstrap(const struct embedded *embedded);

/* The mock cluster itself, so that tests can make it fail. */
struct rd_kafka_mock_cluster_s *embedded_cluster(const struct embedded *embedded);

/* Makes a topic; a second call with the same name and any count gives the first one. partitions > 0. */
struct embedded_topic *embedded_topic_create(struct embedded *embedded, const char *name, int32_t partitions, struct error *err);

/* NULL when there is none of that name. */
struct embedded_topic *embedded_topic_find(struct embedded *embedded, const char *name);

/* Takes room for a record of `size_bytes` (key, value, headers), or refuses with E_UNAVAILABLE.
 * Each admitted record must be ended by embedded_stored or embedded_dropped with the same size. */
int embedded_admit(struct embedded_topic *topic, size_t size_bytes, struct error *err);
void embedded_dropped(struct embedded_topic *topic, size_t size_bytes);
/* The record stands in the partition's log; offset -1 where it is not known (possibly persisted). */
void embedded_stored(struct embedded_topic *topic, int32_t partition, int64_t offset, size_t size_bytes);

/* Everything below `watermark` of the partition is done and may be dropped: whoever commits says so.
 * Unknown topics and partitions are ignored. */
void embedded_note_done(struct embedded *embedded, const char *topic, int32_t partition, int64_t watermark);

/* The part of the limit that the fullest partition of the topic holds, 0..1. */
double embedded_fill(const struct embedded_topic *topic);

/* Ends the cluster on a worker thread, and says how many records that were not done are lost by it; every client must be closed before.
 * `closed` is called later, once. */
void embedded_close(struct embedded *embedded, uv_loop_t *loop, void (*closed)(void *arg), void *arg);
