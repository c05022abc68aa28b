/* base64: bytes as text, in the standard alphabet with padding (RFC 4648 section 4). Any thread. */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Characters that `size` bytes become. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Writes BASE64_SIZE(size) characters, without a NUL; returns the place behind them. */
char *base64_write(char *out, const void *bytes, size_t size);

/* Reads the text back into `out`, which has room for text.size / 4 * 3 bytes. False if it is not exactly what base64_write
 * writes: another alphabet, spaces, missing padding, bits behind the end. */
bool base64_read(struct text text, void *out, size_t *size);
