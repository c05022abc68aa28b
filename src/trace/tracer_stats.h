/* tracer_stats: the section "spans" of /debug/stats: what is held, and how far back that reaches. */
#pragma once

#include "base/stats.h"
#include "trace/tracer.h"

/* `reach_seconds` is from the end of the oldest span to `now_us` (of clock_us), also while nothing is told. */
yyjson_mut_val *tracer_stats(const struct tracer *tracer, yyjson_mut_doc *doc, uint64_t now_us);
