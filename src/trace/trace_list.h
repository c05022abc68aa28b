/* trace_list: which traces a tracer holds: the last, the slowest, the failed. */
#pragma once

#include "trace/tracer.h"

enum trace_list_kind {
    TRACES_LAST,    /* of which a span was told last */
    TRACES_SLOWEST, /* by their slowest local root */
    TRACES_FAILED,  /* with an error in one of their spans, the last first */
};

#define TRACE_LIST_MAX 200

struct trace_list {
    size_t count;
    struct trace_listed {
        uint8_t trace_id[16];
        uint64_t key; /* TRACES_SLOWEST: microseconds */
    } rows[TRACE_LIST_MAX];
};

/* Looks at the last 100,000 spans at most, so that a large memory does not hold up the loop. `limit` is TRACE_LIST_MAX at most. */
void trace_list_fill(struct trace_list *list, const struct tracer *tracer, enum trace_list_kind kind, size_t limit);
