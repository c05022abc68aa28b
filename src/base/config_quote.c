#include "base/config_quote.h"

#include "base/config_json.h"

#include <ctype.h>
#include <string.h>

/* No YAML reader sees anything but this word in it, in any place. */
static bool is_word(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr(i == 0 ? "_/$" : "_/$.:+-", text[i]) == NULL)
            return false;
    }
    return size > 0 && text[size - 1] != ':';
}

/* Characters that YAML wants escaped and JSON does not: DEL, C1, line breaks beyond ASCII, the byte order mark (YAML 1.2, 5.1). */
static bool is_special(unsigned code)
{
    return (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029 || code == 0xfeff || code >= 0xfffe;
}

/* The code of a character of one to three bytes, and their count; longer ones are never special. */
static unsigned code_at(const unsigned char *at, size_t *size)
{
    *size = *at < 0xc0 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    if (*size == 2)
        return (at[0] & 0x1fU) << 6 | (at[1] & 0x3fU);
    if (*size == 3)
        return (at[0] & 0x0fU) << 12 | (at[1] & 0x3fU) << 6 | (at[2] & 0x3fU);
    return *size == 1 ? *at : 0;
}

static void append_escaped(struct buffer *out, struct text json)
{
    for (size_t i = 0, size = 0; i < json.size; i += size) {
        unsigned code = code_at((const unsigned char *)json.data + i, &size);
        if (is_special(code))
            buffer_printf(out, "\\u%04x", code);
        else
            buffer_append(out, json.data + i, size);
    }
}

static void append_quoted(struct buffer *out, struct text text)
{
    struct buffer json = { 0 };
    buffer_json_string(&json, text);
    append_escaped(out, buffer_as_text(&json));
    buffer_free(&json);
}

static void append_protected(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, "${", 2) == 0)
            buffer_char(out, '$');
        buffer_char(out, *text);
    }
}

void config_quote_key(struct buffer *out, const char *text)
{
    if (is_word(text))
        buffer_string(out, text);
    else
        append_quoted(out, text_of(text));
}

void config_quote_value(struct buffer *out, const char *text, bool plain)
{
    bool is_text = config_core_of(text) == CONFIG_CORE_TEXT;
    if (is_text ? is_word(text) : plain) {
        buffer_string(out, text);
        return;
    }
    struct buffer protected = { 0 };
    append_protected(&protected, text);
    append_quoted(out, buffer_as_text(&protected));
    buffer_free(&protected);
}
