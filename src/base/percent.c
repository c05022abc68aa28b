#include "base/percent.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int percent_byte(const char *at, const char *end)
{
    if (end - at < 3 || at[0] != '%')
        return -1;
    int high = hex_digit(at[1]), low = hex_digit(at[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool percent_decode(struct text text, struct buffer *out)
{
    size_t before = out->size;
    const char *end = text.data + text.size;
    for (const char *at = text.data; at < end; at++) {
        int byte = percent_byte(at, end);
        if (*at == '%' && byte < 0) {
            out->size = before;
            return false;
        }
        buffer_char(out, *at == '%' ? (char)byte : *at);
        at += *at == '%' ? 2 : 0;
    }
    return true;
}
