/* shape_generator: makes the value of a field that nobody brought. Only read once parsed. */
#pragma once

#include "core/shape.h"

enum shape_generator_kind {
    SHAPE_GENERATE_NOTHING,
    SHAPE_GENERATE_UUID,
    SHAPE_GENERATE_RANDOM,
    SHAPE_GENERATE_NOW,
    SHAPE_GENERATE_TRACE,
};

struct shape_generator {
    enum shape_generator_kind kind;
    int64_t low, high; /* SHAPE_GENERATE_RANDOM: both included */
};

/* Reads "uuid", "random(100,200)", "random(100,+100)", "now" or "trace"; NULL is nothing. */
int shape_generator_parse(struct shape_generator *generator, const char *text, struct error *err);

/* The type that comes out; SHAPE_ANY for nothing. */
enum shape_type shape_generator_type(const struct shape_generator *generator);

/* What comes out lies in low..high: the value of an integer, the characters of a string. */
void shape_generator_extent(const struct shape_generator *generator, int64_t *low, int64_t *high);

/* Appends a value as JSON. */
void shape_generator_write(const struct shape_generator *generator, const struct shape_context *context, struct buffer *out);
