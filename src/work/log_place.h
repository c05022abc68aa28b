/* log_place: what lines of the log are about: a stream, a partition, a job; fields beside the sentence, which names them too. Nobody
 * outside of work/ includes this. */
#pragma once

#include "base/log.h"
#include "base/trace.h"

struct job;
struct partition;
struct work;

/* On the stack of who logs; no field is the caller's. */
struct log_place {
    struct log_scope scope;
    struct log_field fields[4]; /* stream, topic, partition, offset */
    char trace_id[TRACE_ID_SIZE];
};

/* Each opens a scope, which the caller ends with log_scope_end. */
void log_place_of_work(struct log_place *place, const struct work *work);
void log_place_of_partition(struct log_place *place, const struct partition *partition);
void log_place_of_job(struct log_place *place, const struct job *job);
