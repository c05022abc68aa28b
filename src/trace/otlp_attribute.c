#include "trace/otlp_attribute.h"

#include "base/utf8.h"
#include "trace/protobuf.h"

#include <string.h>

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

static char *put_value(char *at, const struct span_value *value, size_t value_size)
{
    at = protobuf_put_head(at, KEY_VALUE_VALUE, value_size);
    if (value->type == SPAN_INT)
        return protobuf_put_uint(at, ANY_VALUE_INT, (uint64_t)value->integer);
    return protobuf_put_bytes(at, ANY_VALUE_STRING, value->text.data, value->text.size);
}

static void grow_to(struct buffer *out, const char *end)
{
    buffer_grow(out, (size_t)(end - out->data) - out->size);
}

/* Its sizes are known before, so it has no need of protobuf_begin. */
static void put(struct buffer *out, unsigned field, struct text key, const struct span_value *value)
{
    size_t value_size = any_value_size(value);
    size_t size = field_size(key.size) + field_size(value_size);
    char *at = buffer_reserve(out, PROTOBUF_BYTES_ROOM(size));
    at = protobuf_put_head(at, field, size);
    at = protobuf_put_bytes(at, KEY_VALUE_KEY, key.data, key.size);
    grow_to(out, put_value(at, value, value_size));
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

/* --- of many spans --- */

/* A length below this takes one byte. */
#define SHORT 128

void otlp_keys_init(struct otlp_keys *keys, unsigned field, const struct text *from, size_t count)
{
    *keys = (struct otlp_keys){ .field = field, .count = count };
    for (size_t i = 0; i < count; i++) {
        struct otlp_start *start = &keys->starts[i];
        size_t size = 2 + field_size(from[i].size) + 2;
        keys->keys[i] = from[i];
        if (size > sizeof(start->bytes))
            continue;
        start->size = (uint8_t)size;
        char *at = protobuf_put_head(start->bytes, field, 0);
        at = protobuf_put_bytes(at, KEY_VALUE_KEY, from[i].data, from[i].size);
        protobuf_put_head(at, KEY_VALUE_VALUE, 0);
    }
}

/* Whether it may follow its start: all lengths are short. */
static bool is_plain(const struct otlp_start *start, const struct span_value *value)
{
    if (start->size == 0 || value->type == SPAN_INT)
        return start->size > 0;
    return start->size + value->text.size < SHORT && utf8_valid(value->text.data, value->text.size);
}

#define PLAIN_ROOM (OTLP_START_SIZE + SHORT)

static char *put_plain(char *at, const struct otlp_start *start, const struct span_value *value)
{
    memcpy(at, start->bytes, sizeof(start->bytes));
    char *begun = at + start->size;
    char *end;
    if (value->type == SPAN_INT)
        end = protobuf_put_uint(begun, ANY_VALUE_INT, (uint64_t)value->integer);
    else
        end = protobuf_put_bytes(begun, ANY_VALUE_STRING, value->text.data, value->text.size);
    at[1] = (char)(end - at - 2);
    begun[-1] = (char)(end - begun);
    return end;
}

void otlp_attributes(struct buffer *out, const struct otlp_keys *keys, struct text record)
{
    const char *from = span_record_values(record);
    char *at = buffer_reserve(out, keys->count * PLAIN_ROOM);
    for (size_t i = 0; i < keys->count; i++) {
        struct span_value value;
        from = span_record_value(from, &value);
        if (value.type == SPAN_ABSENT)
            continue;
        if (is_plain(&keys->starts[i], &value)) {
            at = put_plain(at, &keys->starts[i], &value);
            continue;
        }
        grow_to(out, at);
        otlp_attribute(out, keys->field, keys->keys[i], &value);
        at = buffer_reserve(out, keys->count * PLAIN_ROOM);
    }
    grow_to(out, at);
}
