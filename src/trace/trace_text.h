/* trace_text: traces for a terminal of 100 columns that knows UTF-8. */
#pragma once

#include "trace/trace_list.h"
#include "trace/trace_view.h"

/* A trace as a tree. Below each span stand its own attributes (what all spans of its site share is not repeated), events, links and its
 * error. What came from outside is made printable (buffer_printable). */
void trace_text(const struct trace_view *view, int64_t wall_offset_us, struct buffer *out);

/* A line a trace. */
void trace_list_text(const struct trace_list *list, const struct tracer *tracer, int64_t wall_offset_us, struct buffer *out);
