/* gzip: a body on its way, compressed (RFC 1952). Any thread. */
#pragma once

#include "base/buffer.h"

/* Appends the text, compressed at level 1: spans shrink to an eighth all the same. */
void gzip_append(struct buffer *out, struct text text);
