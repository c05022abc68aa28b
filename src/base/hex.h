/* hex: bytes as lower-case hexadecimal digits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * size digits, without a NUL; returns the place behind them. */
char *hex_write(char *out, const void *bytes, size_t size);

/* Reads 2 * size digits, all lower case. False if some character is none; `bytes` is undefined then. */
bool hex_read(const char *text, void *bytes, size_t size);
