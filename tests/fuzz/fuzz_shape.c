/* Bodies of clients against a shape with every type. Whatever comes: no crash, an error leaves nothing behind, and what
 * was taken is an event, which the same shape takes again as it is. */
#include "base/random.h"
#include "core/shape.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
    do {                   \
        if (!(condition))  \
            abort();       \
    } while (0)

static struct shape *make_shape(void)
{
    static const char values[] = "[1, 128, \"INFO\", 10.5]";
    yyjson_doc *doc = yyjson_read(values, sizeof(values) - 1, 0);
    yyjson_val *numbers = yyjson_doc_get_root(doc);
    const struct shape_field_config fields[] = {
        { .name = "id", .generate = "uuid", .min = yyjson_arr_get(numbers, 0), .max = yyjson_arr_get(numbers, 1) },
        { .name = "n", .type = SHAPE_INT, .generate = "random(100,+28)", .max = yyjson_arr_get(numbers, 1) },
        { .name = "x", .type = SHAPE_NUMBER, .min = yyjson_arr_get(numbers, 0), .fallback = yyjson_arr_get(numbers, 3) },
        { .name = "level", .fallback = yyjson_arr_get(numbers, 2) },
        { .name = "flag", .type = SHAPE_BOOL },
        { .name = "object", .type = SHAPE_OBJECT },
        { .name = "array", .type = SHAPE_ARRAY, .max = yyjson_arr_get(numbers, 1) },
        { .name = "any", .type = SHAPE_ANY },
        { .name = "at", .generate = "now" },
        { .name = "trace", .generate = "trace" },
    };
    struct shape *shape = shape_new(fields, sizeof(fields) / sizeof(fields[0]), NULL);
    yyjson_doc_free(doc);
    return shape;
}

static void assert_takes_again(const struct shape *shape, const struct shape_context *context, const struct buffer *event)
{
    struct buffer again = { 0 };
    REQUIRE(shape_apply(shape, buffer_as_text(event), context, &again, NULL) == 0);
    REQUIRE(again.size == event->size && memcmp(again.data, event->data, event->size) == 0);
    buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct shape *shape;
    if (shape == NULL)
        shape = make_shape();
    REQUIRE(shape != NULL);

    struct random random;
    random_init_seed(&random, size);
    struct shape_context context = { .random = &random, .wall_us = 1769903999123456, .trace_id = TEXT("0af7651916cd43dd8448eb211c80319c") };
    struct buffer out = { 0 };
    struct error err;
    int rc = shape_apply(shape, (struct text){ (const char *)data, size }, &context, &out, &err);
    REQUIRE(rc == 0 || (rc == err.code && out.size == 0));
    if (rc == 0)
        assert_takes_again(shape, &context, &out);
    buffer_free(&out);
    return 0;
}
