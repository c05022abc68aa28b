/* decimal: a number as its digits. */
#pragma once

#include "base/text.h"

#include <stdint.h>

#define DECIMAL_SIZE 20 /* of the longest */

/* Writes the digits, without a NUL; returns the place behind them. */
char *decimal_write(char *out, uint64_t value);

/* The digits in `out`, which takes DECIMAL_SIZE bytes. */
static inline struct text decimal_text(char *out, uint64_t value)
{
    return (struct text){ out, (size_t)(decimal_write(out, value) - out) };
}
