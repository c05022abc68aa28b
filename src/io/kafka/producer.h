/* producer: records in, delivery reports out; one librdkafka handle for each configured producer.
 *
 *   record   what is to be stored: key, value, headers
 *   request  a record on its way; embedded by the caller, borrowed from producer_send until its callback
 *   report   the broker's answer, or the end of waiting for it: struct delivery
 *   room     the part of the queue that is free; pressure is a queue above 80 %
 *   stall    the oldest request of a topic has waited too long: its breaker opens (core/breaker)
 *
 * A keyed record goes to the partition that Java's clients would choose (murmur2 of the key); records without a key are spread:
 * a batch to each partition in turn, those first that have nothing on its way (core/spread). Values, keys and headers are copied by
 * producer_send.
 *
 * A handle with a fatal error (an idempotent producer that lost its sequence) is replaced: what it held is reported, sends are
 * refused meanwhile. Loop thread only. */
#pragma once

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "base/text.h"
#include "base/trace.h"
#include "io/kafka/client_target.h"
#include "io/kafka/kafka_config.h"
#include "io/kafka/producer_stats.h"
#include "io/kafka/statistics.h"
#include "io/kafka/topics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct producer;       /* opaque */
struct producer_topic; /* opaque: a topic as one stream writes it; lives as long as its producer */

struct producer_options {
    uv_loop_t *loop;
    struct client_target target;
    const struct producer_config *config; /* borrowed */
    struct metrics *metrics;
    struct producer_stats *stats;  /* may be NULL */
    struct statistics *statistics; /* may be NULL */
    /* Called when the queue passes 80 % (true; from within producer_send) and when it has fallen under 60 % again (false); may be NULL. */
    void (*on_pressure)(void *arg, bool pressed);
    void *arg;
};

/* What producer_open would say of these options, told without a broker: `target.nowhere`. Needs no loop, metrics or sections. */
int producer_check(const struct producer_options *options, struct error *err);

/* NULL with a sentence: a property that librdkafka does not take. Needs no broker. */
struct producer *producer_open(const struct producer_options *options, struct error *err);

struct producer_topic_options {
    const char *stream;   /* label of the metrics; copied */
    struct topic *topic;  /* from topics_add; borrowed */
    uint64_t deadline_us; /* 0: the producer's. For a topic opened twice on a producer the first decides. */
};

struct producer_topic *producer_topic_open(struct producer *producer, const struct producer_topic_options *options);
/* The largest batch that it takes, as the broker told; 0 where it is not known. */
uint64_t producer_topic_batch_bytes_max(const struct producer_topic *topic);
const char *producer_topic_name(const struct producer_topic *topic);
/* False, with the reason in `err`, while the topic is not there. */
bool producer_topic_present(const struct producer_topic *topic, struct error *err);
const char *producer_topic_client_id(const struct producer_topic *topic); /* the name that the brokers see */

struct producer_header {
    struct text name;
    struct text value; /* data NULL: a null header */
};

#define PRODUCER_ANY_PARTITION (-1)

/* All texts are borrowed for the call only. */
struct producer_record {
    struct text key;   /* TEXT_NONE: no key, spread over the partitions */
    struct text value; /* TEXT_NONE: a null value, a tombstone */
    const struct producer_header *headers;
    size_t header_count;
    int32_t partition;                 /* PRODUCER_ANY_PARTITION, or a partition's number */
    int64_t timestamp_ms;              /* since 1970; 0: now */
    const struct trace_context *trace; /* of its span, for exemplars; borrowed until the callback; may be NULL */
};

enum delivery_status {
    DELIVERY_PERSISTED,          /* acknowledged as `acks` asks */
    DELIVERY_NOT_PERSISTED,      /* surely not in the topic */
    DELIVERY_POSSIBLY_PERSISTED, /* sent, and no answer came */
};

/* Lives during the callback only. */
struct delivery {
    enum delivery_status status;
    /* 0; E_UNAVAILABLE: not in time, later it may go; E_UNKNOWN: possibly persisted; E_TOO_LARGE, E_INVALID: the broker refuses this
     * record, now and later; E_CANCELED: ended by shutdown before it was sent. */
    int code;
    const char *sentence; /* why; "" when persisted */
    int32_t partition;    /* -1 when not known */
    int64_t offset;       /* -1 when not known */
    struct text key;      /* the record's */
    size_t value_bytes;   /* the record's */
    uint64_t latency_us;  /* since producer_send */
};

typedef void (*producer_cb)(void *arg, const struct delivery *delivery);

/* No field is the caller's. It may be freed or used again from its callback on. */
struct producer_send_request {
    struct list link; /* in its topic, in send order */
    struct producer_topic *topic;
    producer_cb done;
    void *arg;
    uint64_t sent_us;
    size_t size_bytes;
    int32_t partition; /* -1: not known before the report */
    const struct trace_context *trace;
};

/* Hands a record over; `done` is called once with its report, later, within the deadline and a second.
 * Refuses (and then never calls `done`) with E_UNAVAILABLE: topic not there, breaker open, queue full, handle being replaced or
 * flushing; E_TOO_LARGE; E_INVALID: no such partition. No allocation of ours. */
int producer_send(struct producer_send_request *request, struct producer_topic *topic, const struct producer_record *record,
                  producer_cb done, void *arg, struct error *err);

/* Would a send be taken now? For asking before work is put into a record: 0, or E_UNAVAILABLE with the reason, which is counted as a
 * refused record. A breaker's probe is not spent by it. */
int producer_topic_admits(struct producer_topic *topic, struct error *err);

/* After a refusal with E_UNAVAILABLE: when it is worth while to come again. From the drain rate while the queue is full, from the
 * breaker's next probe while it is open. 100 ms .. 60 s. */
uint64_t producer_topic_retry_after_us(const struct producer_topic *topic);

/* The free part of the queue, 0..1: by records or by bytes, whichever is fuller. */
double producer_room(const struct producer *producer);

/* True when every topic is present and no breaker refuses records (one that waits for a probe does not); else the reason in `err`. */
bool producer_ready(const struct producer *producer, struct error *err);

/* Refuses new records and waits for the reports of those on their way. At `deadline_us` (loop clock: clock_us) what is left is given up:
 * its requests end with E_CANCELED (never sent) or E_UNKNOWN (sent). Then calls `flushed`, later, once. */
void producer_flush(struct producer *producer, uint64_t deadline_us, void (*flushed)(void *arg), void *arg);

/* Ends everything: gives up what is on its way as above (flush first to wait for it), ends the handle on a worker thread, then calls
 * `closed`, later, once; the producer and its topics are gone then. */
void producer_close(struct producer *producer, void (*closed)(void *arg), void *arg);
