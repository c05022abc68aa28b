#include "base/utf8.h"

#include <string.h>

/* RFC 3629 section 4: what may begin a sequence, and what may come second after it. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high;
    size_t size;
} forms[] = {
    { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 },
    { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

static size_t follow(const unsigned char *at, size_t left, size_t form)
{
    size_t size = forms[form].size;
    if (size > left || at[1] < forms[form].second_low || at[1] > forms[form].second_high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

size_t utf8_length(const char *at, size_t left)
{
    const unsigned char *bytes = (const unsigned char *)at;
    if (bytes[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (bytes[0] >= forms[i].first_low && bytes[0] <= forms[i].first_high)
            return follow(bytes, left, i);
    return 0;
}

uint32_t utf8_code(const char *at, size_t length)
{
    static const unsigned char first_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    const unsigned char *bytes = (const unsigned char *)at;
    uint32_t code = bytes[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (bytes[i] & 0x3FU);
    return code;
}

/* How many bytes at the start are ASCII, as most texts are altogether: eight at once. */
static size_t ascii_prefix(const char *data, size_t size)
{
    size_t at = 0;
    for (uint64_t word; at + sizeof(word) <= size; at += sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        if ((word & 0x8080808080808080) != 0)
            return at;
    }
    while (at < size && ((unsigned char)data[at] & 0x80) == 0)
        at++;
    return at;
}

/* Of fewer than eight bytes: two words of four that overlap, or the first, the middle and the last of three at most. */
static bool is_short_ascii(const char *data, size_t size)
{
    uint32_t first, last;
    if (size >= sizeof(first)) {
        memcpy(&first, data, sizeof(first));
        memcpy(&last, data + size - sizeof(last), sizeof(last));
        return ((first | last) & 0x80808080) == 0;
    }
    return size == 0 || ((data[0] | data[size / 2] | data[size - 1]) & 0x80) == 0;
}

/* The last word overlaps the one before it: most texts are short, and byte by byte their rest would be most of the work. */
static bool is_ascii(const char *data, size_t size)
{
    uint64_t bits = 0, word;
    if (size < sizeof(word))
        return is_short_ascii(data, size);
    for (size_t at = 0; at < size - sizeof(word); at += sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        bits |= word;
    }
    memcpy(&word, data + size - sizeof(word), sizeof(word));
    return ((bits | word) & 0x8080808080808080) == 0;
}

bool utf8_valid(const char *data, size_t size)
{
    if (is_ascii(data, size))
        return true;
    size_t at = ascii_prefix(data, size);
    for (size_t length = 1; at < size && length > 0; at += length)
        length = utf8_length(data + at, size - at);
    return at == size;
}
