#include "trace/tracer_stats.h"

#include "trace/span_store.h"

/* How long ago the span ended that is forgotten next. Others may have ended a little before it, for they are told in another order. */
static double reach_seconds(const struct trace_ring *ring, uint64_t now_us)
{
    struct trace_cursor oldest = { 0 };
    struct text record;
    if (!trace_ring_next(ring, &oldest, &record, NULL))
        return 0;
    uint64_t ended_us = span_record_outline(record)->ended_us;
    return ended_us < now_us ? (double)(now_us - ended_us) / 1e6 : 0;
}

static void add_ring(yyjson_mut_doc *doc, yyjson_mut_val *value, const char *name, const struct trace_ring *ring, uint64_t now_us)
{
    yyjson_mut_val *row = yyjson_mut_obj_add_obj(doc, value, name);
    yyjson_mut_obj_add_uint(doc, row, "held", ring->added - ring->forgotten);
    yyjson_mut_obj_add_uint(doc, row, "forgotten", ring->forgotten);
    yyjson_mut_obj_add_uint(doc, row, "memory_bytes", ring->capacity);
    yyjson_mut_obj_add_real(doc, row, "reach_seconds", reach_seconds(ring, now_us));
}

yyjson_mut_val *tracer_stats(const struct tracer *tracer, yyjson_mut_doc *doc, uint64_t now_us)
{
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, value, "on", tracer_is_on(tracer));
    add_ring(doc, value, "recent", &tracer_recent(tracer)->ring, now_us);
    add_ring(doc, value, "notable", &tracer_notable(tracer)->ring, now_us);
    return value;
}
