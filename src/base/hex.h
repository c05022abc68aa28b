/* hex: bytes as lower-case hexadecimal digits. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * size digits, without a NUL; returns the place behind them. */
char *hex_write(char *out, const void *bytes, size_t size);
