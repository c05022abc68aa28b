#include "core/shape_field.h"

#include "base/memory.h"
#include "core/json_object.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_SHOWN 40 /* of a client's number in an error */
#define PHRASE_SIZE  96

static const struct {
    const char *noun;
    const char *unit; /* NULL: has no bounds */
} words[] = {
    [SHAPE_STRING] = { "a string", " characters" },
    [SHAPE_INT] = { "an integer of 64 bits", "" },
    [SHAPE_NUMBER] = { "a number", "" },
    [SHAPE_BOOL] = { "a boolean", NULL },
    [SHAPE_OBJECT] = { "an object", NULL },
    [SHAPE_ARRAY] = { "an array", " items" },
    [SHAPE_ANY] = { "any value", NULL },
};

void shape_field_add(const struct shape_field *field, const struct shape_context *context, struct buffer *out)
{
    buffer_append(out, field->addition.data, field->addition.size);
    shape_generator_write(&field->generator, context, out);
}

/* Checking */

static struct text digits_of(yyjson_val *number)
{
    return (struct text){ yyjson_get_raw(number), yyjson_get_len(number) };
}

static bool has_type(enum shape_type type, yyjson_val *value)
{
    int64_t ignored;
    switch (type) {
    case SHAPE_STRING:
        return yyjson_is_str(value);
    case SHAPE_INT:
        return yyjson_is_raw(value) && json_integer(digits_of(value), &ignored);
    case SHAPE_NUMBER:
        return yyjson_is_raw(value);
    case SHAPE_BOOL:
        return yyjson_is_bool(value);
    case SHAPE_OBJECT:
        return yyjson_is_obj(value);
    case SHAPE_ARRAY:
        return yyjson_is_arr(value);
    case SHAPE_AUTO:
    case SHAPE_ANY:
        break;
    }
    return true;
}

static size_t count_characters(const char *string, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)string[i] & 0xC0) != 0x80; /* each byte but UTF-8's continuations begins one */
    return count;
}

/* What the bounds are about. The value has the field's type. */
static long double measure(const struct shape_field *field, yyjson_val *value)
{
    int64_t integer = 0;
    switch (field->type) {
    case SHAPE_STRING:
        return (long double)count_characters(yyjson_get_str(value), yyjson_get_len(value));
    case SHAPE_ARRAY:
        return (long double)yyjson_arr_size(value);
    case SHAPE_INT:
        json_integer(digits_of(value), &integer);
        return (long double)integer;
    case SHAPE_NUMBER:
        return strtod(yyjson_get_raw(value), NULL); /* ends at the number's end: yyjson puts a NUL there */
    default:
        return 0;
    }
}

static void phrase_found(yyjson_val *value, char phrase[PHRASE_SIZE])
{
    struct text digits = digits_of(value);
    if (yyjson_is_str(value))
        snprintf(phrase, PHRASE_SIZE, "a string of %zu characters", count_characters(yyjson_get_str(value), yyjson_get_len(value)));
    else if (yyjson_is_arr(value))
        snprintf(phrase, PHRASE_SIZE, "an array of %zu items", yyjson_arr_size(value));
    else if (yyjson_is_raw(value))
        snprintf(phrase, PHRASE_SIZE, "%.*s%s", digits.size < DIGITS_SHOWN ? (int)digits.size : DIGITS_SHOWN, digits.data,
                 digits.size > DIGITS_SHOWN ? "..." : "");
    else
        snprintf(phrase, PHRASE_SIZE, "%s", json_kind(value));
}

static void phrase_allowed(const struct shape_field *field, char phrase[PHRASE_SIZE])
{
    const char *noun = words[field->type].noun;
    const char *unit = words[field->type].unit;
    if (isfinite(field->min) && isfinite(field->max))
        snprintf(phrase, PHRASE_SIZE, "%s, %.15Lg to %.15Lg%s", noun, field->min, field->max, unit);
    else if (isfinite(field->min))
        snprintf(phrase, PHRASE_SIZE, "%s, at least %.15Lg%s", noun, field->min, unit);
    else if (isfinite(field->max))
        snprintf(phrase, PHRASE_SIZE, "%s, at most %.15Lg%s", noun, field->max, unit);
    else
        snprintf(phrase, PHRASE_SIZE, "%s", noun);
}

/* A character takes one to four bytes: most strings need not be counted. */
static bool surely_fits(const struct shape_field *field, yyjson_val *string)
{
    size_t bytes = yyjson_get_len(string);
    return (long double)((bytes + 3) / 4) >= field->min && (long double)bytes <= field->max;
}

static bool is_within(const struct shape_field *field, yyjson_val *value)
{
    if (field->type == SHAPE_STRING && surely_fits(field, value))
        return true;
    long double measured = measure(field, value);
    return measured >= field->min && measured <= field->max;
}

static int check_value(const struct shape_field *field, yyjson_val *value, struct error *err)
{
    if (has_type(field->type, value) && is_within(field, value))
        return 0;
    char found[PHRASE_SIZE], allowed[PHRASE_SIZE];
    phrase_found(value, found);
    phrase_allowed(field, allowed);
    return error_set(err, E_INVALID, "found %s; allowed: %s", found, allowed);
}

int shape_field_check(const struct shape_field *field, yyjson_val *value, struct error *err)
{
    int rc = check_value(field, value, err);
    if (rc != 0)
        error_wrap(err, "field %s", field->name);
    return rc;
}

int shape_field_missing(const struct shape_field *field, struct error *err)
{
    char allowed[PHRASE_SIZE];
    phrase_allowed(field, allowed);
    return error_set(err, E_INVALID, "field %s: found nothing; allowed: %s", field->name, allowed);
}

/* Compiling */

static enum shape_type type_of_default(yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_STR:
        return SHAPE_STRING;
    case YYJSON_TYPE_NUM:
        return yyjson_is_int(value) ? SHAPE_INT : SHAPE_NUMBER;
    case YYJSON_TYPE_BOOL:
        return SHAPE_BOOL;
    case YYJSON_TYPE_OBJ:
        return SHAPE_OBJECT;
    case YYJSON_TYPE_ARR:
        return SHAPE_ARRAY;
    default:
        return SHAPE_ANY;
    }
}

static int set_type(struct shape_field *field, const struct shape_field_config *config, struct error *err)
{
    enum shape_type made = shape_generator_type(&field->generator);
    field->type = (enum shape_type)config->type;
    if (field->type == SHAPE_AUTO)
        field->type = config->fallback == NULL ? made : type_of_default((yyjson_val *)config->fallback);

    bool fits = made == SHAPE_ANY || field->type == made || field->type == SHAPE_ANY || (made == SHAPE_INT && field->type == SHAPE_NUMBER);
    return fits ? 0
                : error_set(err, E_INVALID, "generate: %s makes %s, but the type is %s", config->generate, words[made].noun,
                            words[field->type].noun);
}

static int read_bound(const yyjson_val *value, const char *name, const struct shape_field *field, long double *bound, struct error *err)
{
    yyjson_val *number = (yyjson_val *)value;
    if (number == NULL)
        return 0;
    if (words[field->type].unit == NULL)
        return error_set(err, E_INVALID, "%s: found a bound for %s; allowed: for string, int, number and array", name,
                         words[field->type].noun);
    if (!yyjson_is_num(number))
        return error_set(err, E_INVALID, "%s: found %s; allowed: a number", name, json_kind(number));
    if (yyjson_is_uint(number))
        *bound = (long double)yyjson_get_uint(number);
    else
        *bound = yyjson_is_sint(number) ? (long double)yyjson_get_sint(number) : (long double)yyjson_get_real(number);
    return 0;
}

static int set_bounds(struct shape_field *field, const struct shape_field_config *config, struct error *err)
{
    field->min = -INFINITY;
    field->max = INFINITY;
    int rc = read_bound(config->min, "min", field, &field->min, err);
    if (rc == 0)
        rc = read_bound(config->max, "max", field, &field->max, err);
    if (rc == 0 && field->min > field->max)
        rc = error_set(err, E_INVALID, "min: found %.15Lg, which is above max; allowed: at most %.15Lg", field->min, field->max);
    return rc;
}

static int check_generated(const struct shape_field *field, const char *text, struct error *err)
{
    int64_t low, high;
    if (field->generator.kind == SHAPE_GENERATE_NOTHING)
        return 0;
    shape_generator_extent(&field->generator, &low, &high);
    if ((long double)low >= field->min && (long double)high <= field->max)
        return 0;
    char allowed[PHRASE_SIZE];
    phrase_allowed(field, allowed);
    return error_set(err, E_INVALID, "generate: %s leaves the bounds; allowed: %s", text, allowed);
}

/* Appends the default's JSON and checks it as if a client had brought it. */
static int add_default(struct shape_field *field, const yyjson_val *fallback, struct error *err)
{
    size_t size;
    char *written = yyjson_val_write((yyjson_val *)fallback, YYJSON_WRITE_NOFLAG, &size);
    if (written == NULL)
        return error_set(err, E_INVALID, "found a number that JSON cannot write; allowed: finite numbers");
    buffer_append(&field->addition, written, size);
    yyjson_doc *doc = yyjson_read(written, size, YYJSON_READ_NUMBER_AS_RAW);
    int rc = check_value(field, yyjson_doc_get_root(doc), err);
    yyjson_doc_free(doc);
    free(written);
    return rc;
}

static int set_addition(struct shape_field *field, const struct shape_field_config *config, struct error *err)
{
    if (config->fallback == NULL && field->generator.kind == SHAPE_GENERATE_NOTHING)
        return 0;
    if (config->fallback != NULL && config->generate != NULL)
        return error_set(err, E_INVALID, "found default and generate; allowed: one of them");
    if (config->required)
        return error_set(err, E_INVALID, "found required and %s; allowed: one of them (a required field is brought by the client)",
                         config->generate == NULL ? "default" : "generate");

    buffer_json_string(&field->addition, (struct text){ field->name, field->name_size });
    buffer_char(&field->addition, ':');
    if (config->fallback == NULL)
        return check_generated(field, config->generate, err);
    int rc = add_default(field, config->fallback, err);
    if (rc != 0)
        error_wrap(err, "default");
    return rc;
}

int shape_field_init(struct shape_field *field, const struct shape_field_config *config, struct error *err)
{
    *field = (struct shape_field){ .name = mem_strdup(config->name), .name_size = strlen(config->name), .required = config->required };
    int rc = shape_generator_parse(&field->generator, config->generate, err);
    if (rc != 0)
        error_wrap(err, "generate");
    if (rc == 0)
        rc = set_type(field, config, err);
    if (rc == 0)
        rc = set_bounds(field, config, err);
    if (rc == 0)
        rc = set_addition(field, config, err);
    if (rc != 0)
        shape_field_free(field);
    return rc;
}

void shape_field_free(struct shape_field *field)
{
    mem_free(field->name);
    buffer_free(&field->addition);
    *field = (struct shape_field){ 0 };
}
