/* simulated_job: what a record of simulated work asks for: {"id":"...","processing_time":<ms>,"always_fail":true}. */
#pragma once

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "work/work_config.h"

#include <stdbool.h>
#include <stdint.h>

struct simulated_job {
    uint64_t time_us; /* how long it runs */
    bool fails;
};

/* How this attempt goes. The first one takes the time that the record names; each later one, and a record that names none, draws
 * from min..min + range. A job over the limit min + range x (1 - fail) runs up to the limit and fails; one with `always_fail` runs
 * its time or the limit and fails. Returns 0, with the reason in `err` where it fails; or E_INVALID with what is wrong with the record. */
int simulated_job_read(struct simulated_job *job, const struct simulate_config *config, struct text record, unsigned attempt,
                       struct random *random, struct error *err);
