#include "base/base64.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_write(char *out, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + size;
    for (; at < end; at += 3, out += 4) {
        size_t left = (size_t)(end - at);
        uint32_t three = (uint32_t)at[0] << 16 | (left > 1 ? (uint32_t)at[1] << 8 : 0) | (left > 2 ? at[2] : 0);
        out[0] = digits[three >> 18];
        out[1] = digits[three >> 12 & 63];
        out[2] = left > 1 ? digits[three >> 6 & 63] : '=';
        out[3] = left > 2 ? digits[three & 63] : '=';
    }
    return out;
}

/* 0..63, or a larger number for what is no digit. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0' + 52);
    if (c == '+')
        return 62;
    return c == '/' ? 63 : 64;
}

/* Four digits to three bytes, of which `padding` are none and must be 0. */
static bool read_four(const char *four, size_t padding, uint8_t *out)
{
    uint32_t three = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i >= 4 - padding ? 0 : value_of(four[i]);
        if (value > 63)
            return false;
        three = three << 6 | value;
    }
    for (size_t i = 0; i < 3 - padding; i++)
        out[i] = (uint8_t)(three >> (16 - 8 * i));
    return (three & ((1u << (8 * padding)) - 1)) == 0;
}

static size_t padding_of(struct text text)
{
    if (text.size == 0 || text.data[text.size - 1] != '=')
        return 0;
    return text.data[text.size - 2] == '=' ? 2 : 1;
}

bool base64_read(struct text text, void *out, size_t *size)
{
    if (text.size % 4 != 0)
        return false;
    size_t padding = padding_of(text);
    for (size_t i = 0; i < text.size; i += 4) {
        bool last = i + 4 == text.size;
        if (!read_four(text.data + i, last ? padding : 0, (uint8_t *)out + i / 4 * 3))
            return false;
    }
    *size = text.size / 4 * 3 - padding;
    return true;
}
