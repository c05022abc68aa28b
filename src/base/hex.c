#include "base/hex.h"

#include <endian.h>
#include <string.h>

/* Eight digits at once: the nibbles of four bytes are spread over the bytes of a word, the higher of each pair first, and those from
 * ten on are moved from behind '9' to 'a'. It avoids two table reads a byte, and makes the ids of a request four times as fast. */
static uint64_t eight_digits(uint32_t bytes)
{
    uint64_t x = bytes;
    x = (x | x << 16) & 0x0000FFFF0000FFFF;
    x = (x | x << 8) & 0x00FF00FF00FF00FF;
    uint64_t nibbles = (x >> 4 & 0x000F000F000F000F) | (x & 0x000F000F000F000F) << 8;
    uint64_t letters = (nibbles + 0x0606060606060606) >> 4 & 0x0101010101010101;
    return nibbles + 0x3030303030303030 + letters * ('a' - '0' - 10);
}

char *hex_write(char *out, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + size;
    for (; end - at >= 4; at += 4, out += 8) {
        uint32_t four;
        memcpy(&four, at, sizeof(four));
        uint64_t digits = htole64(eight_digits(le32toh(four)));
        memcpy(out, &digits, sizeof(digits));
    }
    for (; at < end; at++, out += 2)
        memcpy(out, &(uint16_t){ htole16((uint16_t)eight_digits(*at)) }, 2);
    return out;
}

/* The other way round: the values of eight characters, one in each byte. Letters lie 9 beyond their low bits, and only they have this
 * bit. `wrong` gets bits for those that are no digits: a value above 15, one that is a letter's in a digit's place or the other way round,
 * or one that is written in another way. */
static uint64_t eight_values(uint64_t characters, uint64_t *wrong)
{
    uint64_t letters = characters >> 6 & 0x0101010101010101;
    uint64_t values = (characters & 0x0F0F0F0F0F0F0F0F) + letters * 9;
    *wrong |= (values & 0xF0F0F0F0F0F0F0F0) | (((values + 0x0606060606060606) >> 4 & 0x0101010101010101) ^ letters);
    *wrong |= (values + 0x3030303030303030 + letters * ('a' - '0' - 10)) ^ characters;
    return values;
}

static uint32_t four_bytes(uint64_t values)
{
    uint64_t x = (values << 4 | values >> 8) & 0x00FF00FF00FF00FF;
    x = (x | x >> 8) & 0x0000FFFF0000FFFF;
    return (uint32_t)(x | x >> 16);
}

#define NO_DIGIT 16

static unsigned value_of(unsigned char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    return character >= 'a' && character <= 'f' ? character - 'a' + 10U : NO_DIGIT;
}

bool hex_read(const char *text, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    const uint8_t *end = at + size;
    uint64_t wrong = 0;
    for (; end - at >= 4; at += 4, text += 8) {
        uint64_t characters;
        memcpy(&characters, text, sizeof(characters));
        uint32_t four = htole32(four_bytes(eight_values(le64toh(characters), &wrong)));
        memcpy(at, &four, sizeof(four));
    }
    for (; at < end; at++, text += 2) {
        unsigned high = value_of((unsigned char)text[0]), low = value_of((unsigned char)text[1]);
        wrong |= (high | low) & NO_DIGIT;
        *at = (uint8_t)(high << 4 | low);
    }
    return wrong == 0;
}
