#include "trace/otlp_attribute.h"

#include "base/utf8.h"
#include "trace/protobuf.h"

enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2, ANY_VALUE_STRING = 1, ANY_VALUE_INT = 3 };

/* Bytes of a field that holds so many; all numbers of fields here take one byte. */
static size_t field_size(size_t size)
{
    return 1 + protobuf_varint_size(size) + size;
}

static size_t any_value_size(const struct span_value *value)
{
    return value->type == SPAN_INT ? 1 + protobuf_varint_size((uint64_t)value->integer) : field_size(value->text.size);
}

/* Its sizes are known before, so it has no need of protobuf_begin. */
static void put(struct buffer *out, unsigned field, struct text key, const struct span_value *value)
{
    size_t value_size = any_value_size(value);
    size_t size = field_size(key.size) + field_size(value_size);
    char *at = buffer_reserve(out, PROTOBUF_BYTES_ROOM(size));
    at = protobuf_put_head(at, field, size);
    at = protobuf_put_bytes(at, KEY_VALUE_KEY, key.data, key.size);
    at = protobuf_put_head(at, KEY_VALUE_VALUE, value_size);
    if (value->type == SPAN_INT)
        at = protobuf_put_uint(at, ANY_VALUE_INT, (uint64_t)value->integer);
    else
        at = protobuf_put_bytes(at, ANY_VALUE_STRING, value->text.data, value->text.size);
    buffer_grow(out, (size_t)(at - out->data) - out->size);
}

static void put_replaced(struct buffer *out, unsigned field, struct text key, struct text text)
{
    struct buffer replaced = { 0 };
    buffer_utf8(&replaced, text);
    const struct span_value value = span_text(buffer_as_text(&replaced));
    put(out, field, key, &value);
    buffer_free(&replaced);
}

void otlp_attribute(struct buffer *out, unsigned field, struct text key, const struct span_value *value)
{
    if (value->type == SPAN_ABSENT)
        return;
    if (value->type == SPAN_TEXT && !utf8_valid(value->text.data, value->text.size))
        put_replaced(out, field, key, value->text);
    else
        put(out, field, key, value);
}
