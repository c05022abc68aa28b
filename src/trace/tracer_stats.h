/* tracer_stats: the section "spans" of /debug/stats: what is held, and how far back that reaches. */
#pragma once

#include "base/stats.h"
#include "trace/tracer.h"

/* As stats_fill; `tracer` is a const struct tracer. */
yyjson_mut_val *tracer_stats(void *tracer, yyjson_mut_doc *doc);
