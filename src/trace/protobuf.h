/* protobuf: the wire format of Protocol Buffers, written (protobuf.dev/programming-guides/encoding): what spans need of it.
 *
 * A message within a message has its length before it, which is known only behind it. So room is left for a length of fixed width, a
 * varint with leading zeros, which every decoder takes: that costs two bytes a message and saves measuring it before. One thread. */
#pragma once

#include "base/buffer.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the longest varint, and of a field's number with its wire type (numbers up to 2047 here). */
#define PROTOBUF_VARINT_MAX 10
#define PROTOBUF_TAG_MAX    2

enum protobuf_wire { PROTOBUF_VARINT = 0, PROTOBUF_FIXED64 = 1, PROTOBUF_LENGTH = 2, PROTOBUF_FIXED32 = 5 };

/* Bytes that the varint takes. */
static inline size_t protobuf_varint_size(uint64_t value)
{
    return (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

/* Each of the following writes at a place that has room, and returns the place behind. Inline, because numbers of fields are constants:
 * what a tag takes is one store then. */
static inline char *protobuf_put_varint(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

static inline char *protobuf_put_tag(char *at, unsigned field, enum protobuf_wire wire)
{
    return protobuf_put_varint(at, field << 3 | wire);
}

static inline char *protobuf_put_uint(char *at, unsigned field, uint64_t value)
{
    return protobuf_put_varint(protobuf_put_tag(at, field, PROTOBUF_VARINT), value);
}

/* Little-endian, as the format has it. */
static inline char *protobuf_put_fixed32(char *at, unsigned field, uint32_t value)
{
    at = protobuf_put_tag(at, field, PROTOBUF_FIXED32);
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

static inline char *protobuf_put_fixed64(char *at, unsigned field, uint64_t value)
{
    at = protobuf_put_tag(at, field, PROTOBUF_FIXED64);
    value = htole64(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

/* Of what has a length; `size` bytes follow. */
static inline char *protobuf_put_head(char *at, unsigned field, size_t size)
{
    return protobuf_put_varint(protobuf_put_tag(at, field, PROTOBUF_LENGTH), size);
}

static inline char *protobuf_put_bytes(char *at, unsigned field, const void *bytes, size_t size)
{
    at = protobuf_put_head(at, field, size);
    memcpy(at, bytes, size);
    return at + size;
}

/* Room that protobuf_put_bytes needs at most, and that the others do. */
#define PROTOBUF_NUMBER_ROOM      (PROTOBUF_TAG_MAX + PROTOBUF_VARINT_MAX)
#define PROTOBUF_BYTES_ROOM(size) (PROTOBUF_TAG_MAX + PROTOBUF_VARINT_MAX + (size))

/* The same at the end of a buffer. */
void protobuf_uint(struct buffer *out, unsigned field, uint64_t value);
void protobuf_fixed32(struct buffer *out, unsigned field, uint32_t value);
void protobuf_fixed64(struct buffer *out, unsigned field, uint64_t value);
void protobuf_bytes(struct buffer *out, unsigned field, struct text bytes);

/* A string field has to be UTF-8, or the whole message is refused: bytes that are none are replaced by U+FFFD. */
void protobuf_string(struct buffer *out, unsigned field, struct text text);

/* What is appended between both is a message in the field. Returns what protobuf_end wants. At most 256 MiB. */
size_t protobuf_begin(struct buffer *out, unsigned field);
void protobuf_end(struct buffer *out, size_t begun);
