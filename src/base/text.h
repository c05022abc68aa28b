/* text: a borrowed piece of bytes with a length; never ends in NUL by contract, may be empty.
 * data == NULL means "absent", which is not the same as empty (a Kafka key, a query parameter). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct text {
    const char *data;
    size_t size;
};

#define TEXT_NONE     ((struct text){ NULL, 0 })
#define TEXT(literal) ((struct text){ "" literal, sizeof(literal) - 1 })

static inline struct text text_of(const char *string)
{
    return string == NULL ? TEXT_NONE : (struct text){ string, strlen(string) };
}

static inline bool text_is(struct text text, const char *string)
{
    return text.data != NULL && strlen(string) == text.size && memcmp(text.data, string, text.size) == 0;
}

/* An absent text equals only an absent one. */
static inline bool text_equal(struct text a, struct text b)
{
    if (a.data == NULL || b.data == NULL)
        return a.data == b.data;
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Without regard to ASCII case, as header names are compared (RFC 9110 section 5.1). */
static inline bool text_is_nocase(struct text text, const char *string)
{
    return text.data != NULL && strlen(string) == text.size && strncasecmp(text.data, string, text.size) == 0;
}

/* For printf's "%.*s". */
#define TEXT_ARG(text) (int)(text).size, (text).data
