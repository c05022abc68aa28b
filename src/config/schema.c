
#include "config/schema.h"

#include "config/units.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

const struct config_field *config_field_find(const struct config_schema *schema, const char *name)
{
    for (const struct config_field *field = schema->fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}

#define NAME_MAX_COMPARED 40 /* longer names have no near one */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance: insertions, removals and changes of a letter; a row of the matrix at a time. */
static size_t distance(const char *from, const char *to)
{
    size_t row[NAME_MAX_COMPARED + 1];
    size_t width = strlen(to);
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < width; k++) {
            size_t changed = diagonal + (from[i] != to[k]);
            diagonal = row[k + 1];
            row[k + 1] = smallest(changed, row[k] + 1, row[k + 1] + 1);
        }
    }
    return row[width];
}

const struct config_field *config_field_nearest(const struct config_schema *schema, const char *name)
{
    size_t length = strlen(name);
    if (length > NAME_MAX_COMPARED)
        return NULL;

    const struct config_field *nearest = NULL;
    size_t least = (length + 2) / 3 + 1; /* a slip in three letters, rounded up */
    for (const struct config_field *field = schema->fields; field->name != NULL; field++) {
        assert(strlen(field->name) <= NAME_MAX_COMPARED);
        size_t far = distance(name, field->name);
        if (far >= least)
            continue;
        least = far;
        nearest = field;
    }
    return nearest;
}

bool config_type_is_value(enum config_type type)
{
    return type <= CONFIG_ENUM;
}

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
        return field->accepts == NULL ? "a text" : field->allowed;
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
