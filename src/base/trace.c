#include "base/trace.h"

#include "base/hex.h"

#include <string.h>

enum {
    VERSION_AT = 0,
    TRACE_ID_AT = 3,
    SPAN_ID_AT = 36,
    FLAGS_AT = 53,
    PARENT_LENGTH = 55, /* of version 00; a newer one may go on after another dash */
    FLAG_SAMPLED = 1,
};

static void make_id(uint8_t *id, size_t size, struct random *random)
{
    uint64_t word;
    for (size_t at = 0; at < size; at += sizeof(word)) {
        do
            word = random_next(random);
        while (word == 0); /* an id of zeros is invalid */
        memcpy(id + at, &word, sizeof(word));
    }
}

void trace_start(struct trace_context *trace, struct random *random)
{
    make_id(trace->trace_id, sizeof(trace->trace_id), random);
    make_id(trace->span_id, sizeof(trace->span_id), random);
    trace->flags = 0;
}

void trace_child(struct trace_context *child, const struct trace_context *parent, struct random *random)
{
    *child = *parent;
    make_id(child->span_id, sizeof(child->span_id), random);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

bool trace_id_parse(uint8_t trace_id[16], struct text digits)
{
    uint8_t read[16];
    if (digits.data == NULL || digits.size != 2 * sizeof(read) || !hex_read(digits.data, read, sizeof(read)) ||
        all_zero(read, sizeof(read)))
        return false;
    memcpy(trace_id, read, sizeof(read));
    return true;
}

static bool has_form(struct text header)
{
    if (header.data == NULL || header.size < PARENT_LENGTH)
        return false;
    return header.data[TRACE_ID_AT - 1] == '-' && header.data[SPAN_ID_AT - 1] == '-' && header.data[FLAGS_AT - 1] == '-';
}

static bool has_length(struct text header, uint8_t version)
{
    if (header.size == PARENT_LENGTH)
        return true;
    return version > 0 && header.data[PARENT_LENGTH] == '-';
}

bool trace_parse(struct trace_context *trace, struct text header)
{
    struct trace_context read;
    uint8_t version;

    if (!has_form(header) || !hex_read(header.data + VERSION_AT, &version, 1))
        return false;
    if (version == 0xFF || !has_length(header, version))
        return false;
    if (!hex_read(header.data + TRACE_ID_AT, read.trace_id, sizeof(read.trace_id)) ||
        !hex_read(header.data + SPAN_ID_AT, read.span_id, sizeof(read.span_id)) || !hex_read(header.data + FLAGS_AT, &read.flags, 1))
        return false;
    if (all_zero(read.trace_id, sizeof(read.trace_id)) || all_zero(read.span_id, sizeof(read.span_id)))
        return false;

    read.flags &= FLAG_SAMPLED;
    *trace = read;
    return true;
}

void trace_parent_text(const struct trace_context *trace, char out[TRACE_PARENT_SIZE])
{
    memcpy(out, "00-", TRACE_ID_AT);
    char *at = hex_write(out + TRACE_ID_AT, trace->trace_id, sizeof(trace->trace_id));
    *at++ = '-';
    at = hex_write(at, trace->span_id, sizeof(trace->span_id));
    *at++ = '-';
    at = hex_write(at, &trace->flags, sizeof(trace->flags));
    *at = '\0';
}
