/* shape_config: how a field of a shape stands in a file:
 *
 *   shape: { id: { generate: uuid, max: 128 }, processing_time: { type: int, generate: "random(100,200)" } }
 *
 * A stream takes it as a CONFIG_DICT of shape_field_schema: an array of struct shape_field_config for shape_new. */
#pragma once

#include "config/config.h"

enum shape_type {
    SHAPE_AUTO, /* the type of what is generated, or of the default; without both: any */
    SHAPE_STRING,
    SHAPE_INT,    /* no fraction, no exponent, 64 bits with sign */
    SHAPE_NUMBER, /* any JSON number; its digits are kept */
    SHAPE_BOOL,
    SHAPE_OBJECT,
    SHAPE_ARRAY,
    SHAPE_ANY, /* null too */
};

struct shape_field_config {
    const char *name;
    int type; /* enum shape_type */
    bool required;
    const yyjson_val *fallback; /* `default`; NULL: none */
    const yyjson_val *min;      /* a number: the least value, characters of a string, items of an array; NULL: none */
    const yyjson_val *max;
    const char *generate; /* "uuid", "random(a,b)", "random(a,+range)", "now", "trace"; NULL: nothing */
};

extern const struct config_schema shape_field_schema;
