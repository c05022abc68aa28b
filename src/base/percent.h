/* percent: "%41" is "A" (RFC 3986, section 2.1). Any thread. */
#pragma once

#include "base/buffer.h"
#include "base/text.h"

#include <stdbool.h>

/* The byte that "%XX" at `at` stands for, or -1 where no such thing is. */
int percent_byte(const char *at, const char *end);

/* Appends the text with its escapes undone. False, with nothing appended, where a percent sign has no two hex digits. */
bool percent_decode(struct text text, struct buffer *out);
