#include "base/decimal.h"

#include <string.h>

char *decimal_write(char *out, uint64_t value)
{
    char digits[DECIMAL_SIZE];
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(out, digits + first, sizeof(digits) - first);
    return out + (sizeof(digits) - first);
}
