/* trace_value: what a tracer holds of traces, as JSON. Times are milliseconds; those of spans and events count from the trace's start. */
#pragma once

#include "trace/trace_list.h"
#include "trace/trace_view.h"

#include <yyjson.h>

/* One trace with its spans, in the view's order. */
yyjson_mut_val *trace_value(const struct trace_view *view, int64_t wall_offset_us, yyjson_mut_doc *doc);

/* A row a trace: when, how long, how many spans and errors, and the name of its first span here. */
yyjson_mut_val *trace_list_value(const struct trace_list *list, const struct tracer *tracer, int64_t wall_offset_us, yyjson_mut_doc *doc);
