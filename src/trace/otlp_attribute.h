/* otlp_attribute: opentelemetry.proto.common.v1.KeyValue. Inside of trace/ only. */
#pragma once

#include "base/buffer.h"
#include "trace/span.h"

/* Appends the attribute as a message in the field; an absent value appends nothing. Bytes of a text that are no UTF-8 become U+FFFD; the
 * key is UTF-8. */
void otlp_attribute(struct buffer *out, unsigned field, struct text key, const struct span_value *value);

/* Keys as they stand in front of their values, each a field of its own: encoded once for many spans. */
struct otlp_keys {
    struct text keys[SPAN_VALUES_MAX];
    struct text fields[SPAN_VALUES_MAX];
    size_t count;
    struct buffer encoded;
};

/* Borrows the keys' bytes. */
void otlp_keys_init(struct otlp_keys *keys, const struct text *from, size_t count);
void otlp_keys_free(struct otlp_keys *keys);

/* otlp_attribute for each key and the value at its place. */
void otlp_attributes(struct buffer *out, unsigned field, const struct otlp_keys *keys, const struct span_value *values);
