#include "base/buffer.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *buffer_reserve(struct buffer *buffer, size_t size)
{
    size_t needed = buffer->size + size;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
        while (capacity < needed)
            capacity *= 2;
        buffer->data = mem_realloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void buffer_grow(struct buffer *buffer, size_t size)
{
    buffer->size += size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return;
    memcpy(buffer_reserve(buffer, size), data, size);
    buffer->size += size;
}

void buffer_text(struct buffer *buffer, struct text text)
{
    buffer_append(buffer, text.data, text.size);
}

void buffer_string(struct buffer *buffer, const char *string)
{
    buffer_append(buffer, string, strlen(string));
}

void buffer_char(struct buffer *buffer, char c)
{
    *buffer_reserve(buffer, 1) = c;
    buffer->size++;
}

void buffer_repeat(struct buffer *buffer, char c, size_t count)
{
    if (count == 0)
        return;
    memset(buffer_reserve(buffer, count), c, count);
    buffer->size += count;
}

void buffer_uint(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_int(struct buffer *buffer, int64_t value)
{
    if (value < 0)
        buffer_char(buffer, '-');
    buffer_uint(buffer, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (wanted > 0) {
        vsnprintf(buffer_reserve(buffer, (size_t)wanted + 1), (size_t)wanted + 1, format, again);
        buffer->size += (size_t)wanted;
    }
    va_end(again);
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    buffer->size -= size;
    if (buffer->size > 0)
        memmove(buffer->data, buffer->data + size, buffer->size);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

void buffer_free(struct buffer *buffer)
{
    mem_free(buffer->data);
    *buffer = (struct buffer){ 0 };
}

static size_t append_sequence(struct buffer *buffer, const char *at, size_t left)
{
    size_t size = utf8_length(at, left);
    if (size == 0)
        buffer_string(buffer, "\xEF\xBF\xBD"); /* U+FFFD, the replacement character */
    else
        buffer_append(buffer, at, size);
    return size == 0 ? 1 : size;
}

void buffer_utf8(struct buffer *buffer, struct text text)
{
    for (size_t i = 0; i < text.size;)
        i += append_sequence(buffer, text.data + i, text.size - i);
}

/* C0 and C1 controls; the latter are two bytes in UTF-8, and some terminals obey them. */
static bool is_control(const char *at, size_t size)
{
    unsigned char c = (unsigned char)at[0];
    return (size == 1 && (c < 0x20 || c == 0x7F)) || (size == 2 && c == 0xC2 && (unsigned char)at[1] < 0xA0);
}

void buffer_printable(struct buffer *buffer, struct text text)
{
    for (size_t i = 0; i < text.size;) {
        size_t size = utf8_length(text.data + i, text.size - i);
        if (size == 0 || is_control(text.data + i, size)) {
            buffer_printf(buffer, "\\x%02x", (unsigned char)text.data[i]);
            i++;
        } else {
            buffer_append(buffer, text.data + i, size);
            i += size;
        }
    }
}

/* What a JSON string holds as it is, for most texts are nothing else. */
__extension__ static const bool is_plain[256] = {
    [' ' ... '!'] = true,
    ['#' ... '['] = true,
    [']' ... '~'] = true,
};

/* Returns the bytes it took: one, or a UTF-8 sequence. */
static size_t append_escaped(struct buffer *buffer, const char *at, size_t left)
{
    static const char shorts[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    unsigned char c = (unsigned char)at[0];
    if (c >= 0x80)
        return append_sequence(buffer, at, left);
    if (c == '"' || c == '\\')
        buffer_append(buffer, (const char[]){ '\\', (char)c }, 2);
    else if (c < sizeof(shorts) && shorts[c] != 0)
        buffer_append(buffer, (const char[]){ '\\', shorts[c] }, 2);
    else
        buffer_printf(buffer, "\\u%04x", c);
    return 1;
}

void buffer_json_string(struct buffer *buffer, struct text text)
{
    buffer_reserve(buffer, text.size + 2);
    buffer_char(buffer, '"');
    for (size_t i = 0; i < text.size;) {
        size_t plain = i;
        while (plain < text.size && is_plain[(unsigned char)text.data[plain]])
            plain++;
        buffer_append(buffer, text.data + i, plain - i);
        i = plain;
        if (i < text.size)
            i += append_escaped(buffer, text.data + i, text.size - i);
    }
    buffer_char(buffer, '"');
}
