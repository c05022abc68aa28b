/* otlp_attribute: opentelemetry.proto.common.v1.KeyValue. Inside of trace/ only. */
#pragma once

#include "base/buffer.h"
#include "trace/span.h"

/* Appends the attribute as a message in the field; an absent value appends nothing. Bytes of a text that are no UTF-8 become U+FFFD; the
 * key is UTF-8. */
void otlp_attribute(struct buffer *out, unsigned field, struct text key, const struct span_value *value);
