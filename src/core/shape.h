/* shape: the fields of an event. One declaration validates what a client brings, adds what it left out, and makes events
 * for generators.
 *
 *   type      string, int, number, bool, object, array, any (core/shape_config.h)
 *   required  must be brought: nothing stands in for it
 *   default   stands in for a field that was not brought
 *   generate  makes one that was not brought: uuid (RFC 9562 version 4), random(a,b) (integers, both ends included;
 *             random(a,+r) is a..a+r), now (RFC 3339, UTC), trace (the trace id)
 *   min, max  bounds: of the value, of a string's characters (code points), of an array's items
 *
 * A shape is only read after shape_new: any number of threads may apply it. It has no clock and no source of chance:
 * both come with the context. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "core/shape_config.h"

#include <stddef.h>
#include <stdint.h>

#define SHAPE_FIELDS_MAX 64
#define SHAPE_DEPTH_MAX  64 /* arrays and objects within one another, the event itself included */

struct shape;

/* What generated fields are made of. */
struct shape_context {
    struct random *random;
    int64_t wall_us;
    struct text trace_id; /* hex, as it shall stand in the event */
};

/* Compiles the declaration. `fields` is only read during the call. NULL with a sentence when a field contradicts
 * itself; the same rules are checked with file and line when the configuration is read. No fields at all is a shape too:
 * it takes any object. */
struct shape *shape_new(const struct shape_field_config *fields, size_t count, struct error *err);
void shape_free(struct shape *shape); /* NULL does no harm */

/* Appends the event as minimal JSON to `out`. `body` is what the client brought, one JSON object; absent or empty is
 * the same as `{}`. All of it is kept, in its order: fields that the shape does not know, digits of numbers, and escapes
 * as they were written. Then come the missing fields, in the order of the declaration.
 *
 * Returns 0, or with `out` as before:
 *   E_INVALID      not one JSON object in valid UTF-8, a name twice in an object, deeper than SHAPE_DEPTH_MAX, or a
 *                  field that is not as declared: "field id: found a string of 200 characters; allowed: 1 to 128"
 *   E_UNAVAILABLE  no memory for a body of this size
 * Cost: without a body, a few copies (about 0.1 us); with one, O(body x log of its fields) and 12 bytes a byte. */
int shape_apply(const struct shape *shape, struct text body, const struct shape_context *context, struct buffer *out, struct error *err);
