/* producer_span: `kafka_send_<topic>`, kind PRODUCER: the span of a record from its hand-over to its report. The record's `traceparent`
 * names it, so whoever works the record is its child. Loop thread only. */
#pragma once

#include "io/kafka/producer.h"
#include "trace/tracer.h"

struct span_site *producer_span_site(struct tracer *tracer, const struct producer_topic *topic);

/* `span` has its site, ids and `notable`; the rest is filled in from the report, and it is told. */
void producer_span_tell(struct tracer *tracer, struct span *span, uint64_t sent_us, const struct delivery *delivery);
