/* publication: the record that a job leaves behind in another topic.
 *
 *   output        of one that is done: the same key, value and headers, for whoever works that topic next
 *   dead letter   of one that cannot be worked: the same again, with headers that tell where it came from and why
 *
 *     x-origin-topic, x-origin-partition, x-origin-offset   where it lies
 *     x-attempt                                             the attempt that was its last
 *     x-final-error                                         why, at most 200 bytes
 *     traceparent (of an output too)                        one only: the same trace, the span of its publication
 *
 * A record that the broker does not take as a dead letter (too large) leaves a pointer: those headers, and a value of JSON that
 * names its origin; one whose output it does not take becomes a dead letter. Headers of these names that the record brought along are left
 * out of a dead letter: a redriven record has one set.
 *
 *   guarantee: at_least_once    sent by the stream's producer; its report ends the job, whose lane waits for it
 *   guarantee: exactly_once     kept in the cut (work/cut.h) until a transaction takes it along with the job's offset; the lane goes on */
#pragma once

#include "base/buffer.h"
#include "base/trace.h"
#include "io/kafka/producer.h"
#include "work/work_parts.h"

#define DEAD_LETTER_ERROR_BYTES 200
#define DEAD_LETTER_OWN_HEADERS 6

enum publication_kind { PUBLICATION_OUTPUT, PUBLICATION_DEAD_LETTER };

struct publication {
    struct producer_send_request request; /* at least once */
    struct list link;                     /* exactly once: in a cut */
    struct job *job;
    enum publication_kind kind;
    bool under_way; /* sent, and not reported yet; or in a transaction */
    bool counted;   /* its job's offset counts as done: for the transaction that takes both */
    bool pointer;
    unsigned attempt; /* its job's last */
    unsigned tries;
    char *reason;  /* of a dead letter */
    char *trouble; /* why it was not taken; NULL: it was not tried yet */
    struct trace_context sent;
    uint64_t sent_us;
};

/* Where it goes. */
const struct producer_topic *publication_topic(const struct publication *publication);

/* What became of it, for whoever sent it; the publication and its job may be gone. Refused: tried again, sooner or later, as it is or
 * as what is left to try. */
void publication_stored(struct publication *publication, const struct delivery *delivery, uint64_t now_us);
void publication_refused(struct publication *publication, int code, const char *sentence, uint64_t now_us);

/* --- refusal.c --- */
/* It was not taken once more; it is not waited for any longer, or not as what it is; something of its kind was taken. */
void refusal_note(struct publication *publication, uint64_t now_us);
void refusal_end(struct publication *publication);
void refusal_pass(const struct publication *publication, uint64_t now_us);

/* A record for the producer; its texts are borrowed from the job and from this. */
struct publication_record {
    struct producer_record record;
    struct producer_header *headers;
    char partition[12], offset[24], attempt[12], trace[TRACE_PARENT_SIZE];
    struct buffer pointer;
};

void publication_record_init(struct publication_record *record, const struct publication *publication);
void publication_record_free(struct publication_record *record);
