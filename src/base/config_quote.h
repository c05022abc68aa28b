/* config_quote: a text as YAML that any reader takes for the same text. Inside of base/config only. */
#pragma once

#include "base/buffer.h"

/* As it is where it is a plain word, else in double quotes. The text is UTF-8. */
void config_quote_key(struct buffer *out, const char *text);

/* `plain`: it may be taken for a number, truth or null, for it is one. `${` becomes `$${`, since what is printed is read
 * again with expansion; keys are not expanded. */
void config_quote_value(struct buffer *out, const char *text, bool plain);
