#include "core/shape_config.h"

#include "core/shape_field.h"

#define FIELD(member) .offset = offsetof(struct shape_field_config, member)

/* In the order of enum shape_type. */
static const char *const types[] = { "auto", "string", "int", "number", "bool", "object", "array", "any", NULL };

static const struct config_field fields[] = {
    { "type", CONFIG_ENUM, FIELD(type), .fallback = "auto", .choices = types,
      .doc = "What the field is; auto: as what is generated or the default, and any value where there is neither." },
    { "required", CONFIG_BOOL, FIELD(required), .fallback = "false", .doc = "An event without this field is refused." },
    { "default", CONFIG_JSON, FIELD(fallback), .doc = "Stands in for a field that was not brought." },
    { "min", CONFIG_JSON, FIELD(min), .doc = "A number: the least value, characters of a string or items of an array." },
    { "max", CONFIG_JSON, FIELD(max), .doc = "A number: the greatest value, characters of a string or items of an array." },
    { "generate", CONFIG_STRING, FIELD(generate),
      .doc = "Makes a field that was not brought: uuid, random(a,b) with both ends included, random(a,+range), now, trace." },
    { .name = NULL },
};

static void check(const void *object, const struct config_place *place, struct config_report *report)
{
    struct shape_field field;
    struct error err;
    if (shape_field_init(&field, object, &err) == 0)
        shape_field_free(&field);
    else
        config_mistake(report, place, "%s", err.message);
}

const struct config_schema shape_field_schema = {
    .name = "shape field",
    .doc = "One field of an event.",
    .size = sizeof(struct shape_field_config),
    .fields = fields,
    .key_offset = offsetof(struct shape_field_config, name),
    .check = check,
};
