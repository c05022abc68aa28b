/* utf8: is this text? Well-formed UTF-8 as RFC 3629 section 4 has it: no overlong forms, no surrogates. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed sequence at `at`, 1 for ASCII; 0 if there is none. `left` >= 1 bytes may be read. */
size_t utf8_length(const char *at, size_t left);

/* The character of a sequence of that length. */
uint32_t utf8_code(const char *at, size_t length);

/* Is all of it well-formed? Nothing is. */
bool utf8_valid(const char *data, size_t size);
