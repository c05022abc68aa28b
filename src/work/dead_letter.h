/* dead_letter: what a record that cannot be worked becomes: the same key, value and headers in another topic, with headers that
 * tell where it came from and why.
 *
 *   x-origin-topic, x-origin-partition, x-origin-offset   where it lies
 *   x-attempt                                             the attempt that was its last
 *   x-final-error                                         why, at most 200 bytes
 *   traceparent                                           one only: the same trace, the span of its publication
 *
 * A record that the broker does not take as a dead letter (too large) leaves a pointer: those headers, and a value of JSON that
 * names its origin. Headers of these names that the record brought along are left out: a redriven record has one set. */
#pragma once

#include "base/buffer.h"
#include "base/trace.h"
#include "io/kafka/producer.h"
#include "work/work_parts.h"

#define DEAD_LETTER_ERROR_BYTES 200
#define DEAD_LETTER_OWN_HEADERS 6

/* A record for the producer; its texts are borrowed from the job and from this. */
struct dead_letter_record {
    struct producer_record record;
    struct producer_header *headers;
    char partition[12], offset[24], attempt[12], trace[TRACE_PARENT_SIZE];
    struct buffer pointer;
};

/* `sent` is the span of its publication. */
void dead_letter_record_init(struct dead_letter_record *letter, const struct job *job, const struct trace_context *sent, unsigned attempt,
                             const char *reason, bool pointer);
void dead_letter_record_free(struct dead_letter_record *letter);
