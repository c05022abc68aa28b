#include "trace/protobuf.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

#define LENGTH_WIDTH 4 /* bytes of a message's length: 28 bits, seven in each */

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
    char *at = buffer_reserve(out, PROTOBUF_TAG_MAX + LENGTH_WIDTH);
    grow_to(out, protobuf_put_tag(at, field, PROTOBUF_LENGTH) + LENGTH_WIDTH);
    return out->size;
}

void protobuf_end(struct buffer *out, size_t begun)
{
    size_t size = out->size - begun;
    assert(size < 1u << (7 * LENGTH_WIDTH));
    uint32_t low = (uint32_t)size;
    uint32_t groups = (low & 0x7f) | (low << 1 & 0x7f00) | (low << 2 & 0x7f0000) | (low << 3 & 0x7f000000);
    uint32_t length = htole32(groups | 0x808080); /* all but the last say that another follows */
    memcpy(out->data + begun - LENGTH_WIDTH, &length, sizeof(length));
}
