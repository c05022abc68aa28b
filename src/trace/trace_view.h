/* trace_view: the spans of one trace that a tracer holds, as a tree, in the order in which a person reads it: each before what happened
 * in it, the earlier before the later. */
#pragma once

#include "trace/tracer.h"

#define TRACE_VIEW_MAX 1000

struct trace_node {
    struct text record; /* in a ring */
    const struct span_outline *outline;
    unsigned depth;        /* 0: a root of what is held */
    bool parent_elsewhere; /* it has a parent that is not held: of another process, or forgotten */
    bool is_last;          /* of its parent's children */
};

/* Valid until the next tracer_add. */
struct trace_view {
    struct trace_node *nodes;
    size_t count;
    size_t left_out; /* spans beyond TRACE_VIEW_MAX */
    size_t errors;
    uint64_t started_us; /* of the earliest */
    uint64_t ended_us;   /* of the latest */
};

/* False: no span of it is held; there is nothing to close then. */
bool trace_view_open(struct trace_view *view, const struct tracer *tracer, const uint8_t trace_id[16]);
void trace_view_close(struct trace_view *view);
