/* buffer: bytes that grow at the end.
 *
 * Embedded by its owner; a zeroed struct is an empty buffer. Growth doubles, so appending is O(1) amortised.
 * One thread. Sizes are bounded by the caller: growth aborts when memory is out (base/memory). */
#pragma once

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t size;
    size_t capacity;
};

/* Makes the memory of a full one larger: there is room for `size` more bytes then. It is buffer_reserve that calls it. */
void buffer_enlarge(struct buffer *buffer, size_t size);

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_text(struct buffer *buffer, struct text text);
void buffer_string(struct buffer *buffer, const char *string);
void buffer_char(struct buffer *buffer, char c);
void buffer_repeat(struct buffer *buffer, char c, size_t count);
void buffer_uint(struct buffer *buffer, uint64_t value); /* decimal */
void buffer_int(struct buffer *buffer, int64_t value);   /* decimal */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text with each byte that is no UTF-8 replaced by U+FFFD. */
void buffer_utf8(struct buffer *buffer, struct text text);

/* The text for one line of a terminal: what a client sent must draw no lines and no colours of its own, nor turn the order of
 * what stands beside it, so the bytes of control and format characters, and those that are no UTF-8, are written as \xNN. */
void buffer_printable(struct buffer *buffer, struct text text);

/* The text as a JSON string with its quotes: control and format characters escaped, for JSON ends in terminals too; invalid UTF-8
 * replaced by U+FFFD. */
void buffer_json_string(struct buffer *buffer, struct text text);

/* JSON that a library has written, with those characters of its strings escaped that it leaves as they are: RFC 8259 asks only for
 * what is below U+0020. */
void buffer_json(struct buffer *buffer, struct text json);

/* Room for `size` more bytes at the returned place; call buffer_grow with what was really written. */
static inline char *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (size > buffer->capacity - buffer->size)
        buffer_enlarge(buffer, size);
    return buffer->data + buffer->size;
}

static inline void buffer_grow(struct buffer *buffer, size_t size)
{
    buffer->size += size;
}

void buffer_clear(struct buffer *buffer); /* keeps the memory */
void buffer_free(struct buffer *buffer);  /* empty again, memory given back */

static inline struct text buffer_as_text(const struct buffer *buffer)
{
    return (struct text){ buffer->data == NULL ? "" : buffer->data, buffer->size };
}
