/* shape_field: one field of a shape, compiled: what it may be, and what stands in for it. Only read once made. */
#pragma once

#include "core/shape.h"
#include "core/shape_generator.h"

#include <stdbool.h>

struct shape_field {
    char *name;
    size_t name_size;
    enum shape_type type; /* never SHAPE_AUTO */
    bool required;
    long double min, max; /* as wide as can be where none is set; 64 bits of mantissa: every int64_t is exact (x87, quad) */
    struct shape_generator generator;
    struct buffer addition; /* what is added when it is missing: `"name":`, with the default's JSON; empty: nothing */
};

/* Compiles `config`. On an error (E_INVALID, a sentence without the field's name) nothing is held. */
int shape_field_init(struct shape_field *field, const struct shape_field_config *config, struct error *err);
void shape_field_free(struct shape_field *field);

/* Checks a value that was read with its numbers as digits. The sentence names the field. */
int shape_field_check(const struct shape_field *field, yyjson_val *value, struct error *err);

/* Appends the field as if it was not brought, with its name and without a comma. */
void shape_field_add(const struct shape_field *field, const struct shape_context *context, struct buffer *out);

/* "field id: found nothing; allowed: a string, 1 to 128 characters". */
int shape_field_missing(const struct shape_field *field, struct error *err);
