/* span_store: spans in a ring, and where those of a trace are. Inside of trace/ only.
 *
 *   ring      ... [a1] [b1] [a2] [c1] [b2] ...      each record knows the one before it that has the same bucket
 *   buckets   a -> [a2] -> [a1]                     the newest of each
 *
 * Adding costs one write more for that. A caller may send any trace ids, so a bucket may be as long as the ring: who follows one says how
 * far at most. One thread. */
#pragma once

#include "trace/span_record.h"
#include "trace/trace_ring.h"

struct span_store {
    struct trace_ring ring;
    uint64_t *newest; /* position, by bucket */
    uint64_t bucket_count;
};

void span_store_init(struct span_store *store, uint64_t capacity);
void span_store_close(struct span_store *store);

/* A span of this trace is about to be added: what says where the others are is fetched meanwhile, which a cache forgets between two
 * traces. Costs nothing but a few instructions. */
void span_store_expect(const struct span_store *store, const uint8_t trace_id[16]);

/* Copies the record (span_record_write) in; its link to others is set in `record` too. */
void span_store_add(struct span_store *store, char *record, size_t size);

/* A walk through the spans of one trace, the newest first. */
struct span_walk {
    const struct span_store *store;
    uint8_t trace_id[16];
    uint64_t position;
    size_t steps; /* that may be taken still */
};

void span_walk_begin(struct span_walk *walk, const struct span_store *store, const uint8_t trace_id[16], size_t steps);
bool span_walk_next(struct span_walk *walk, struct text *record);

/* The two of a tracer. */
struct tracer;
const struct span_store *tracer_recent(const struct tracer *tracer);
const struct span_store *tracer_notable(const struct tracer *tracer);
