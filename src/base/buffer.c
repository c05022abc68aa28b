#include "base/buffer.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void buffer_enlarge(struct buffer *buffer, size_t size)
{
    size_t needed = buffer->size + size;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed)
        capacity *= 2;
    buffer->data = mem_realloc(buffer->data, capacity);
    buffer->capacity = capacity;
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
    char digits[DECIMAL_SIZE];
    buffer_append(buffer, digits, (size_t)(decimal_write(digits, value) - digits));
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

/* Characters that draw nothing of their own but change what a terminal does: Unicode 15's categories Cc (some terminals obey C1
 * too), Cf (right-to-left overrides, joiners, tags), Zl and Zp. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    { 0x00, 0x1F },       { 0x7F, 0x9F },       { 0xAD, 0xAD },       { 0x600, 0x605 },     { 0x61C, 0x61C },     { 0x6DD, 0x6DD },
    { 0x70F, 0x70F },     { 0x890, 0x891 },     { 0x8E2, 0x8E2 },     { 0x180E, 0x180E },   { 0x200B, 0x200F },   { 0x2028, 0x202E },
    { 0x2060, 0x2064 },   { 0x2066, 0x206F },   { 0xFEFF, 0xFEFF },   { 0xFFF9, 0xFFFB },   { 0x110BD, 0x110BD }, { 0x110CD, 0x110CD },
    { 0x13430, 0x1343F }, { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0001, 0xE0001 }, { 0xE0020, 0xE007F },
};

static bool is_unseen(uint32_t code)
{
    for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]) && code >= unseen[i].first; i++)
        if (code <= unseen[i].last)
            return true;
    return false;
}

/* The bytes at `at` that are shown as they are: a character, or 0. */
static size_t shown_length(const char *at, size_t left)
{
    size_t size = utf8_length(at, left);
    return size > 0 && is_unseen(utf8_code(at, size)) ? 0 : size;
}

void buffer_printable(struct buffer *buffer, struct text text)
{
    for (size_t i = 0; i < text.size;) {
        size_t size = shown_length(text.data + i, text.size - i);
        if (size > 0)
            buffer_append(buffer, text.data + i, size);
        else
            buffer_printf(buffer, "\\x%02x", (unsigned char)text.data[i]); /* the rest of its character follows, being none */
        i += size > 0 ? size : 1;
    }
}

/* What a JSON string holds as it is, for most texts are nothing else. */
__extension__ static const bool is_plain[256] = {
    [' ' ... '!'] = true,
    ['#' ... '['] = true,
    [']' ... '~'] = true,
};

/* RFC 8259 section 7: above U+FFFF as the two surrogates of UTF-16. */
static void append_code(struct buffer *buffer, uint32_t code)
{
    if (code > 0xFFFF)
        buffer_printf(buffer, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF));
    else
        buffer_printf(buffer, "\\u%04x", code);
}

/* Returns the bytes it took. */
static size_t append_beyond_ascii(struct buffer *buffer, const char *at, size_t left)
{
    size_t size = utf8_length(at, left);
    if (size == 0 || !is_unseen(utf8_code(at, size)))
        return append_sequence(buffer, at, left);
    append_code(buffer, utf8_code(at, size));
    return size;
}

/* Returns the bytes it took: one, or a UTF-8 sequence. */
static size_t append_escaped(struct buffer *buffer, const char *at, size_t left)
{
    static const char shorts[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    unsigned char c = (unsigned char)at[0];
    if (c >= 0x80)
        return append_beyond_ascii(buffer, at, left);
    if (c == '"' || c == '\\')
        buffer_append(buffer, (const char[]){ '\\', (char)c }, 2);
    else if (c < sizeof(shorts) && shorts[c] != 0)
        buffer_append(buffer, (const char[]){ '\\', shorts[c] }, 2);
    else
        append_code(buffer, c);
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

void buffer_json(struct buffer *buffer, struct text json)
{
    for (size_t i = 0; i < json.size;) {
        size_t plain = i;
        while (plain < json.size && (unsigned char)json.data[plain] < 0x7F)
            plain++;
        buffer_append(buffer, json.data + i, plain - i);
        i = plain;
        if (i < json.size)
            i += append_escaped(buffer, json.data + i, json.size - i);
    }
}
