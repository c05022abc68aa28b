#include "base/config_words.h"

#include "base/config_units.h"

#include <stdint.h>

static const char *take(struct arena *arena, struct buffer *buffer)
{
    struct text text = buffer_as_text(buffer);
    const char *copy = arena_strndup(arena, text.data, text.size);
    buffer_free(buffer);
    return copy;
}

static void join(struct buffer *out, const char *word)
{
    if (out->size > 0)
        buffer_string(out, ", ");
    buffer_string(out, word);
}

const char *config_field_names(struct arena *arena, const struct config_schema *schema)
{
    struct buffer names = { 0 };
    for (const struct config_field *field = schema->fields; field->name != NULL; field++)
        join(&names, field->name);
    return take(arena, &names);
}

const char *config_allowed_struct(struct arena *arena, const struct config_schema *schema)
{
    return arena_printf(arena, "a mapping with the keys %s", config_field_names(arena, schema));
}

static const char *choices(struct arena *arena, const struct config_field *field)
{
    struct buffer names = { 0 };
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        join(&names, *choice);
    return take(arena, &names);
}

static void bound(const struct config_field *field, double value, char text[CONFIG_UNIT_TEXT])
{
    if (field->type == CONFIG_DURATION)
        config_format_duration(value, text);
    else if (field->type == CONFIG_SIZE)
        config_format_size(value, text);
    else
        config_format_number(value, text);
}

const char *config_bounds(struct arena *arena, const struct config_field *field)
{
    char min[CONFIG_UNIT_TEXT];
    char max[CONFIG_UNIT_TEXT];
    bound(field, field->min, min);
    bound(field, field->max, max);
    if (field->min == 0 && field->max == 0)
        return "";
    if (field->max >= (double)INT64_MAX) /* a bound that no value reaches is none */
        return arena_printf(arena, ", at least %s", min);
    return arena_printf(arena, " from %s to %s", min, max);
}

static const char *bounded(struct arena *arena, const char *words, const struct config_field *field)
{
    return arena_printf(arena, "%s%s", words, config_bounds(arena, field));
}

const char *config_allowed(struct arena *arena, const struct config_field *field)
{
    switch (field->type) {
    case CONFIG_STRING:
        return "a text";
    case CONFIG_SECRET:
        return "a text or { file: PATH }";
    case CONFIG_BOOL:
        return "true, false";
    case CONFIG_INT:
        return bounded(arena, "a whole number", field);
    case CONFIG_NUMBER:
        return bounded(arena, "a number", field);
    case CONFIG_DURATION:
        return bounded(arena, "a duration with its unit (500us, 100ms, 10s, 5m, 2h)", field);
    case CONFIG_SIZE:
        return bounded(arena, "a size (900, 64KiB, 1MiB, 2GiB)", field);
    case CONFIG_ENUM:
        return choices(arena, field);
    case CONFIG_STRUCT:
        return config_allowed_struct(arena, field->schema);
    case CONFIG_LIST:
        return field->schema == NULL ? "a list of texts" : "a list of mappings";
    case CONFIG_DICT:
        return "a mapping of names to mappings";
    case CONFIG_MAP:
        return "a mapping of names to texts";
    case CONFIG_JSON:
        return "any value";
    }
    return "";
}
