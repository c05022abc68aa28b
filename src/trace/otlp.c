#include "trace/otlp.h"

uint64_t otlp_waiting(const struct tracer *tracer, const struct trace_cursor *cursor)
{
    return tracer_added(tracer) - cursor->sequence;
}
