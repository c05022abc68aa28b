/* otlp_attribute: opentelemetry.proto.common.v1.KeyValue. Inside of trace/ only. */
#pragma once

#include "base/buffer.h"
#include "trace/span_record.h"

/* Appends the attribute as a message in the field; an absent value appends nothing. Bytes of a text that are no UTF-8 become U+FFFD; the
 * key is UTF-8. */
void otlp_attribute(struct buffer *out, unsigned field, struct text key, const struct span_value *value);

/* Attributes as they stand in front of their values, encoded once for many spans: of each the field's tag, its length (left out), the
 * key, the value's tag, its length (left out). Of fixed size, so that copying one is some moves and no call. */
#define OTLP_START_SIZE 48

struct otlp_start {
    char bytes[OTLP_START_SIZE];
    uint8_t size; /* 0: the key is too long for it */
};

struct otlp_keys {
    unsigned field;
    size_t count;
    struct text keys[SPAN_VALUES_MAX];
    struct otlp_start starts[SPAN_VALUES_MAX];
};

/* For attributes in the field. Borrows the keys' bytes. */
void otlp_keys_init(struct otlp_keys *keys, unsigned field, const struct text *from, size_t count);

/* otlp_attribute for each key and the value of the record at its place. */
void otlp_attributes(struct buffer *out, const struct otlp_keys *keys, struct text record);
