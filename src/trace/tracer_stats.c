#include "trace/tracer_stats.h"

#include "trace/span_store.h"

/* Between the ends of the oldest and the newest span, by the order in which they were told. */
static double reach_seconds(const struct trace_ring *ring)
{
    struct trace_cursor oldest = { 0 };
    struct text first, last;
    uint64_t position = ring->head;
    if (!trace_ring_next(ring, &oldest, &first, NULL) || !trace_ring_back(ring, &position, &last))
        return 0;
    return (double)(int64_t)(span_record_outline(last)->ended_us - span_record_outline(first)->ended_us) / 1e6;
}

static void add_ring(yyjson_mut_doc *doc, yyjson_mut_val *value, const char *name, const struct trace_ring *ring)
{
    yyjson_mut_val *row = yyjson_mut_obj_add_obj(doc, value, name);
    yyjson_mut_obj_add_uint(doc, row, "held", ring->added - ring->forgotten);
    yyjson_mut_obj_add_uint(doc, row, "forgotten", ring->forgotten);
    yyjson_mut_obj_add_uint(doc, row, "memory_bytes", ring->capacity);
    yyjson_mut_obj_add_real(doc, row, "reach_seconds", reach_seconds(ring));
}

yyjson_mut_val *tracer_stats(void *tracer, yyjson_mut_doc *doc)
{
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, value, "on", tracer_is_on(tracer));
    add_ring(doc, value, "recent", &tracer_recent(tracer)->ring);
    add_ring(doc, value, "notable", &tracer_notable(tracer)->ring);
    return value;
}
