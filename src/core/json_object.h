/* json_object: a client's JSON object: read strictly, kept exactly.
 *
 * Numbers are kept as the digits that came (yyjson_is_raw), so 0.10 stays 0.10 and 20-digit numbers stay whole. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

/* Bodies up to about 600 bytes are read without an allocation. */
#define JSON_OBJECT_SMALL 8192

struct json_object {
    yyjson_val *root; /* an object */
    yyjson_doc *doc;
    char small[JSON_OBJECT_SMALL]; /* the memory of a small one: the struct stays where it was read into */
    yyjson_alc allocator;
};

/* Reads one object and nothing behind it. Refuses (E_INVALID) what RFC 8259 does not allow, invalid UTF-8, another value
 * than an object, more than `depth_max` levels, and a name that comes twice in an object, at any level (readers disagree
 * on which one counts: RFC 8259 section 4). E_UNAVAILABLE when memory is out. On an error nothing is held. */
int json_object_read(struct json_object *object, struct text text, unsigned depth_max, struct error *err);
void json_object_free(struct json_object *object);

/* What a value is, for a sentence: "a string", "null". */
const char *json_kind(yyjson_val *value);

/* True, with the value, if the digits of a JSON number are a whole one that fits: no fraction, no exponent. */
bool json_integer(struct text digits, int64_t *value);

/* Appends `text`, which json_object_read has taken, without the white space between its tokens. */
void json_minify(struct text text, struct buffer *out);
