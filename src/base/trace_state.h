/* trace_state: the `tracestate` of W3C Trace Context, section 3.3, made one of a request's header lines, to be passed on as it is.
 *
 *   member   "key=value", of one tracing system; the list has the newest on its left. Empty ones, and the blanks around, are left out
 *
 * Members beyond TRACE_STATE_MAX bytes are left out whole, from the right, as section 3.3.1.5 says. No allocation; any thread. */
#pragma once

#include "base/text.h"

#define TRACE_STATE_MAX     512 /* what must be passed on at least */
#define TRACE_STATE_MEMBERS 32

struct trace_state {
    char text[TRACE_STATE_MAX];
    size_t size;
    unsigned member_count; /* those that are left out too */
    bool full;
};

/* Adds a line's members on the right of those there. False when one of them is none, or there are too many: nothing of such a list is
 * passed on. */
bool trace_state_add(struct trace_state *state, struct text line);
