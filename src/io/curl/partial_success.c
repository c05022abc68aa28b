#include "io/curl/partial_success.h"

#include <stdbool.h>

#define PARTIAL_SUCCESS 1 /* field of ExportTraceServiceResponse */
#define REJECTED_SPANS  1 /* fields of ExportTracePartialSuccess */
#define ERROR_MESSAGE   2

/* Protobuf's wire types; the deprecated groups (3, 4) are none of ours. */
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct field {
    uint64_t number;
    unsigned type;
    uint64_t value;    /* VARINT */
    struct text bytes; /* the others */
};

static bool take_varint(struct text *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && rest->size > 0; shift += 7) {
        uint64_t byte = (unsigned char)rest->data[0];
        *rest = (struct text){ rest->data + 1, rest->size - 1 };
        *value |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool take_bytes(struct text *rest, uint64_t size, struct text *bytes)
{
    if (size > rest->size)
        return false;
    *bytes = (struct text){ rest->data, size };
    *rest = (struct text){ rest->data + size, rest->size - size };
    return true;
}

/* False at the end, and where it is no message. */
static bool take_field(struct text *rest, struct field *field)
{
    uint64_t tag, size;
    if (!take_varint(rest, &tag))
        return false;
    *field = (struct field){ .number = tag >> 3, .type = tag & 7 };
    switch (field->type) {
    case VARINT:
        return take_varint(rest, &field->value);
    case FIXED64:
        return take_bytes(rest, 8, &field->bytes);
    case BYTES:
        return take_varint(rest, &size) && take_bytes(rest, size, &field->bytes);
    case FIXED32:
        return take_bytes(rest, 4, &field->bytes);
    default:
        return false;
    }
}

static bool find(struct text message, uint64_t number, unsigned type, struct field *field)
{
    while (take_field(&message, field))
        if (field->number == number && field->type == type)
            return true;
    return false;
}

struct partial_success partial_success_read(struct text response)
{
    struct field partial, field;
    struct partial_success told = { .rejected = 0 };
    if (!find(response, PARTIAL_SUCCESS, BYTES, &partial))
        return told;
    if (find(partial.bytes, REJECTED_SPANS, VARINT, &field) && field.value <= INT64_MAX)
        told.rejected = field.value; /* an int64 in the schema: fewer than none are none */
    if (find(partial.bytes, ERROR_MESSAGE, BYTES, &field) && field.bytes.size > 0)
        told.message = field.bytes;
    return told;
}
