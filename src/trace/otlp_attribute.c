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

void otlp_keys_init(struct otlp_keys *keys, const struct text *from, size_t count)
{
    *keys = (struct otlp_keys){ .count = count };
    for (size_t i = 0; i < count; i++)
        protobuf_bytes(&keys->encoded, KEY_VALUE_KEY, from[i]);
    const char *at = keys->encoded.data;
    for (size_t i = 0; i < count; i++) {
        keys->keys[i] = from[i];
        keys->fields[i] = (struct text){ at, field_size(from[i].size) };
        at += keys->fields[i].size;
    }
}

void otlp_keys_free(struct otlp_keys *keys)
{
    buffer_free(&keys->encoded);
}

/* Bytes that the attributes take at most; 0: a text among them is not UTF-8. */
static size_t room_for(const struct otlp_keys *keys, const struct span_value *values)
{
    size_t room = keys->encoded.size + keys->count * (2 * PROTOBUF_NUMBER_ROOM + PROTOBUF_BYTES_ROOM(0)) + 1;
    for (size_t i = 0; i < keys->count; i++) {
        if (values[i].type != SPAN_TEXT)
            continue;
        if (!utf8_valid(values[i].text.data, values[i].text.size))
            return 0;
        room += values[i].text.size;
    }
    return room;
}

void otlp_attributes(struct buffer *out, unsigned field, const struct otlp_keys *keys, const struct span_value *values)
{
    size_t room = room_for(keys, values);
    if (room == 0) {
        for (size_t i = 0; i < keys->count; i++)
            otlp_attribute(out, field, keys->keys[i], &values[i]);
        return;
    }
    char *at = buffer_reserve(out, room);
    for (size_t i = 0; i < keys->count; i++) {
        if (values[i].type == SPAN_ABSENT)
            continue;
        size_t value_size = any_value_size(&values[i]);
        at = protobuf_put_head(at, field, keys->fields[i].size + field_size(value_size));
        memcpy(at, keys->fields[i].data, keys->fields[i].size);
        at = put_value(at + keys->fields[i].size, &values[i], value_size);
    }
    grow_to(out, at);
}
