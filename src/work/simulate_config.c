#include "work/simulate_config.h"

static const char *const modes[] = { [SIMULATE_TIMER] = "timer", [SIMULATE_CPU] = "cpu", NULL };

#define SIMULATE(member) offsetof(struct simulate_config, member)
static const struct config_field simulate_fields[] = {
    { .name = "mode",
      .type = CONFIG_ENUM,
      .offset = SIMULATE(mode),
      .fallback = "timer",
      .doc = "`timer` waits on the loop; `cpu` burns the time on a worker thread.",
      .choices = modes },
    { .name = "min", .type = CONFIG_DURATION, .offset = SIMULATE(min_us), .fallback = "100ms", .doc = "The shortest job." },
    { .name = "range",
      .type = CONFIG_DURATION,
      .offset = SIMULATE(range_us),
      .fallback = "100ms",
      .doc = "A job takes `min` plus a random part of this." },
    { .name = "fail",
      .type = CONFIG_NUMBER,
      .offset = SIMULATE(fail),
      .fallback = "0.1",
      .doc = "The share of jobs that fail: those that would take longer than min + range x (1 - fail).",
      .max = 1 },
    { .name = "record",
      .type = CONFIG_STRING,
      .offset = SIMULATE(record),
      .doc = "A file that takes a line of JSON at each start and end of an attempt, for outside judges." },
    { 0 },
};

const struct config_schema simulate_schema = {
    .name = "simulate",
    .doc =
        "Pretends to work: waits or burns as long as the record's `processing_time` (milliseconds) says; retries draw a time of their own.",
    .size = sizeof(struct simulate_config),
    .fields = simulate_fields,
    .present_offset = SIMULATE(present),
};
