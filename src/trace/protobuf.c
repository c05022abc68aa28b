#include "trace/protobuf.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define LENGTH_WIDTH 4 /* bytes of a message's length: 28 bits */

size_t protobuf_varint_size(uint64_t value)
{
    return (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

char *protobuf_varint(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

static char *put_tag(char *at, unsigned field, enum wire_type type)
{
    return protobuf_varint(at, field << 3 | type);
}

/* Little-endian, as the format has it. */
static char *put_fixed(char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *at++ = (char)(value >> (8 * i));
    return at;
}

char *protobuf_put_uint(char *at, unsigned field, uint64_t value)
{
    return protobuf_varint(put_tag(at, field, WIRE_VARINT), value);
}

char *protobuf_put_fixed32(char *at, unsigned field, uint32_t value)
{
    return put_fixed(put_tag(at, field, WIRE_FIXED32), value, sizeof(value));
}

char *protobuf_put_fixed64(char *at, unsigned field, uint64_t value)
{
    return put_fixed(put_tag(at, field, WIRE_FIXED64), value, sizeof(value));
}

char *protobuf_put_head(char *at, unsigned field, size_t size)
{
    return protobuf_varint(put_tag(at, field, WIRE_BYTES), size);
}

char *protobuf_put_bytes(char *at, unsigned field, const void *bytes, size_t size)
{
    at = protobuf_put_head(at, field, size);
    memcpy(at, bytes, size);
    return at + size;
}

static void grow_to(struct buffer *out, const char *end)
{
    buffer_grow(out, (size_t)(end - (out->data + out->size)));
}

void protobuf_uint(struct buffer *out, unsigned field, uint64_t value)
{
    grow_to(out, protobuf_put_uint(buffer_reserve(out, PROTOBUF_NUMBER_ROOM), field, value));
}

void protobuf_fixed32(struct buffer *out, unsigned field, uint32_t value)
{
    grow_to(out, protobuf_put_fixed32(buffer_reserve(out, PROTOBUF_NUMBER_ROOM), field, value));
}

void protobuf_fixed64(struct buffer *out, unsigned field, uint64_t value)
{
    grow_to(out, protobuf_put_fixed64(buffer_reserve(out, PROTOBUF_NUMBER_ROOM), field, value));
}

void protobuf_bytes(struct buffer *out, unsigned field, struct text bytes)
{
    grow_to(out, protobuf_put_bytes(buffer_reserve(out, PROTOBUF_BYTES_ROOM(bytes.size)), field, bytes.data, bytes.size));
}

void protobuf_string(struct buffer *out, unsigned field, struct text text)
{
    if (utf8_valid(text.data, text.size)) {
        protobuf_bytes(out, field, text);
        return;
    }
    size_t begun = protobuf_begin(out, field);
    buffer_utf8(out, text);
    protobuf_end(out, begun);
}

size_t protobuf_begin(struct buffer *out, unsigned field)
{
    grow_to(out, put_tag(buffer_reserve(out, PROTOBUF_TAG_MAX), field, WIRE_BYTES));
    buffer_reserve(out, LENGTH_WIDTH);
    buffer_grow(out, LENGTH_WIDTH);
    return out->size;
}

void protobuf_end(struct buffer *out, size_t begun)
{
    size_t size = out->size - begun;
    assert(size < 1u << (7 * LENGTH_WIDTH));
    char *at = out->data + begun - LENGTH_WIDTH;
    for (int i = 0; i < LENGTH_WIDTH; i++, size >>= 7)
        at[i] = (char)((size & 0x7f) | (i + 1 < LENGTH_WIDTH ? 0x80 : 0));
}
