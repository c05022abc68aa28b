/* otlp: spans as OpenTelemetry's protocol has them: the protobuf message ExportTraceServiceRequest
 * (opentelemetry/proto/collector/trace/v1/trace_service.proto, of opentelemetry-proto 1.x), of spans that a tracer holds.
 *
 * What all spans of a site share is encoded once (otlp_site). Texts may be any bytes: those that are no UTF-8 are replaced, because a
 * receiver refuses a whole message for one such string. Loop thread only. */
#pragma once

#include "base/buffer.h"
#include "trace/tracer.h"

/* How many spans lie after the cursor, forgotten ones included. O(1): an exporter that has nothing to do asks each turn of the loop. */
uint64_t otlp_waiting(const struct tracer *tracer, const struct trace_cursor *cursor);

/* Appends a whole message of at most `span_limit` spans after the cursor, and moves the cursor behind them. Returns how many;
 * 0: there are none, and nothing was appended. `*missed` is increased by how many were forgotten before the cursor came to them.
 * `resource` is the encoded Resource (otlp_resource). Wall times are clock_us plus `wall_offset_us` (tracer_wall_offset). */
size_t otlp_encode(const struct tracer *tracer, struct trace_cursor *cursor, size_t span_limit, struct text resource,
                   int64_t wall_offset_us, struct buffer *out, uint64_t *missed);

/* Encodes what is the same in all spans of the site: fields of a Span, and its keys. */
void otlp_site(struct span_site *site);
