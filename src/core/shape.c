#include "core/shape.h"

#include "base/memory.h"
#include "core/json_object.h"
#include "core/shape_field.h"

struct shape {
    size_t count;
    uint64_t required; /* a bit for each field */
    struct shape_field fields[];
};

static int check_required(const struct shape *shape, uint64_t brought, struct error *err)
{
    uint64_t missing = shape->required & ~brought;
    return missing == 0 ? 0 : shape_field_missing(&shape->fields[__builtin_ctzll(missing)], err);
}

/* `out` ends in an object's opening brace or in one of its values. */
static void add_missing(const struct shape *shape, uint64_t brought, const struct shape_context *context, struct buffer *out)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_field *field = &shape->fields[i];
        if ((brought >> i & 1) != 0 || field->addition.size == 0)
            continue;
        if (out->data[out->size - 1] != '{')
            buffer_char(out, ',');
        shape_field_add(field, context, out);
    }
}

/* The index of the field with this name; shape->count when there is none. */
static size_t find_field(const struct shape *shape, struct text name)
{
    size_t i = 0;
    for (; i < shape->count; i++)
        if (shape->fields[i].name_size == name.size && memcmp(shape->fields[i].name, name.data, name.size) == 0)
            break;
    return i;
}

static int check_brought(const struct shape *shape, yyjson_val *object, uint64_t *brought, struct error *err)
{
    yyjson_val *name, *value;
    size_t at, members;
    *brought = 0;
    yyjson_obj_foreach(object, at, members, name, value) {
        size_t i = find_field(shape, (struct text){ yyjson_get_str(name), yyjson_get_len(name) });
        if (i == shape->count)
            continue;
        *brought |= UINT64_C(1) << i;
        int rc = shape_field_check(&shape->fields[i], value, err);
        if (rc != 0)
            return rc;
    }
    return check_required(shape, *brought, err);
}

static int apply_to_body(const struct shape *shape, struct text body, const struct shape_context *context, struct buffer *out,
                         struct error *err)
{
    struct json_object object;
    int rc = json_object_read(&object, body, SHAPE_DEPTH_MAX, err);
    if (rc != 0)
        return rc;

    uint64_t brought;
    rc = check_brought(shape, object.root, &brought, err);
    json_object_free(&object);
    if (rc != 0)
        return rc;

    json_minify(body, out);
    out->size--; /* opens it again: its closing brace */
    add_missing(shape, brought, context, out);
    buffer_char(out, '}');
    return 0;
}

static int apply_to_nothing(const struct shape *shape, const struct shape_context *context, struct buffer *out, struct error *err)
{
    int rc = check_required(shape, 0, err);
    if (rc != 0)
        return rc;
    buffer_char(out, '{');
    add_missing(shape, 0, context, out);
    buffer_char(out, '}');
    return 0;
}

int shape_apply(const struct shape *shape, struct text body, const struct shape_context *context, struct buffer *out, struct error *err)
{
    return body.size == 0 ? apply_to_nothing(shape, context, out, err) : apply_to_body(shape, body, context, out, err);
}

/* Compiling */

static int add_field(struct shape *shape, const struct shape_field_config *config, struct error *err)
{
    if (find_field(shape, text_of(config->name)) < shape->count)
        return error_set(err, E_INVALID, "declared twice");
    struct shape_field *field = &shape->fields[shape->count];
    int rc = shape_field_init(field, config, err);
    if (rc != 0)
        return rc;
    if (field->required)
        shape->required |= UINT64_C(1) << shape->count;
    shape->count++;
    return 0;
}

struct shape *shape_new(const struct shape_field_config *fields, size_t count, struct error *err)
{
    if (count > SHAPE_FIELDS_MAX) {
        error_set(err, E_INVALID, "found a shape of %zu fields; allowed: at most %d", count, SHAPE_FIELDS_MAX);
        return NULL;
    }
    struct shape *shape = mem_zalloc(sizeof(*shape) + count * sizeof(shape->fields[0]));
    for (size_t i = 0; i < count; i++) {
        if (add_field(shape, &fields[i], err) == 0)
            continue;
        error_wrap(err, "field %s", fields[i].name);
        shape_free(shape);
        return NULL;
    }
    return shape;
}

void shape_free(struct shape *shape)
{
    if (shape == NULL)
        return;
    for (size_t i = 0; i < shape->count; i++)
        shape_field_free(&shape->fields[i]);
    mem_free(shape);
}
