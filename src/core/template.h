/* template: a reply as JSON with `$name` values and nothing else: no conditions, no expressions.
 *
 *   { message: "Job Enqueued to Kafka", trace_id: $trace }
 *
 * A string that is exactly "$name" stands for a value, whose type decides how it is written. "$$rest" stands for the
 * string "$rest". A dollar further inside a string, or in a key, is only a dollar.
 * Compiled once into literal pieces and slots; rendering copies pieces. After template_new a template is only
 * read: any number of threads may render it. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

enum template_type {
    TEMPLATE_NULL, /* a zeroed value is null */
    TEMPLATE_TEXT, /* a JSON string; absent text (data == NULL) is null */
    TEMPLATE_INT,
    TEMPLATE_DOUBLE, /* the shortest digits that read back the same; NaN and infinities are null */
    TEMPLATE_BOOL,
    TEMPLATE_JSON, /* `text` goes out as it is: the caller vouches for it */
};

struct template_value {
    enum template_type type;
    union {
        struct text text;
        int64_t integer;
        double number;
        bool boolean;
    };
};

struct template;

/* Compiles `json`, which is only read during the call. `names` is a NULL-terminated list of what the action knows (at
 * most TEMPLATE_NAMES_MAX); a name's place in it is its slot. An unknown name is an error that lists the known ones. */
#define TEMPLATE_NAMES_MAX 64
struct template *template_new(const yyjson_val *json, const char *const *names, struct error *err);
void template_free(struct template *template); /* NULL does no harm */

/* True if the reply shows the value of this slot: what is not shown need not be computed. */
bool template_uses(const struct template *template, size_t slot);

/* Appends the reply. `values` has an entry for each name; only those that template_uses tells of are read. */
void template_render(const struct template *template, const struct template_value *values, struct buffer *out);

static inline struct template_value template_text(struct text text)
{
    return (struct template_value){ .type = TEMPLATE_TEXT, .text = text };
}

static inline struct template_value template_int(int64_t integer)
{
    return (struct template_value){ .type = TEMPLATE_INT, .integer = integer };
}

static inline struct template_value template_double(double number)
{
    return (struct template_value){ .type = TEMPLATE_DOUBLE, .number = number };
}

static inline struct template_value template_bool(bool boolean)
{
    return (struct template_value){ .type = TEMPLATE_BOOL, .boolean = boolean };
}

static inline struct template_value template_json(struct text text)
{
    return (struct template_value){ .type = TEMPLATE_JSON, .text = text };
}
