#include "core/json_object.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define READ_FLAGS YYJSON_READ_NUMBER_AS_RAW
#define SHOWN_MAX  40 /* bytes of a client's name that an error repeats */
#define FEW_NAMES  16 /* up to here comparing each pair is faster than sorting */

/* Memory: on the caller's stack for small bodies; else in the form that may fail, since the body decides the size. */

static void *try_alloc(void *context, size_t size)
{
    return mem_try_alloc(size);
}

static void *try_realloc(void *context, void *memory, size_t old_size, size_t size)
{
    return mem_try_realloc(memory, size);
}

static void give_back(void *context, void *memory)
{
    mem_free(memory);
}

static void choose_memory(struct json_object *object, size_t size)
{
    size_t wanted = yyjson_read_max_memory_usage(size, READ_FLAGS);
    if (wanted != 0 && wanted <= sizeof(object->small))
        yyjson_alc_pool_init(&object->allocator, object->small, sizeof(object->small));
    else
        object->allocator = (yyjson_alc){ try_alloc, try_realloc, give_back, NULL };
}

/* Checks that yyjson leaves to its caller */

static int refuse_twice(yyjson_val *name, struct error *err)
{
    int shown = yyjson_get_len(name) < SHOWN_MAX ? (int)yyjson_get_len(name) : SHOWN_MAX;
    return error_set(err, E_INVALID, "found the name \"%.*s\" twice in one object; allowed: once", shown, yyjson_get_str(name));
}

static int compare_names(const void *a, const void *b)
{
    yyjson_val *left = *(yyjson_val *const *)a;
    yyjson_val *right = *(yyjson_val *const *)b;
    size_t left_size = yyjson_get_len(left), right_size = yyjson_get_len(right);
    if (left_size != right_size)
        return left_size < right_size ? -1 : 1;
    return memcmp(yyjson_get_str(left), yyjson_get_str(right), left_size);
}

static int check_pairs(yyjson_val *const *names, size_t count, struct error *err)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (compare_names(&names[i], &names[k]) == 0)
                return refuse_twice(names[i], err);
    return 0;
}

static int check_sorted(yyjson_val **names, size_t count, struct error *err)
{
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return refuse_twice(names[i], err);
    return 0;
}

static void collect_names(yyjson_val *object, yyjson_val **names)
{
    yyjson_val *name, *value;
    size_t i, count;
    yyjson_obj_foreach(object, i, count, name, value)
        names[i] = name;
}

static int check_names(yyjson_val *object, struct error *err)
{
    yyjson_val *few[FEW_NAMES];
    size_t count = yyjson_obj_size(object);
    if (count <= FEW_NAMES) {
        collect_names(object, few);
        return check_pairs(few, count, err);
    }
    yyjson_val **names = mem_try_alloc(count * sizeof(*names));
    if (names == NULL)
        return error_set(err, E_UNAVAILABLE, "no memory for an object with %zu names", count);
    collect_names(object, names);
    int rc = check_sorted(names, count, err);
    mem_free(names);
    return rc;
}

/* Recursion ends at depth_max. */
static int check_level(yyjson_val *value, unsigned depth, unsigned depth_max, struct error *err);

static int check_object(yyjson_val *object, unsigned depth, unsigned depth_max, struct error *err)
{
    yyjson_val *name, *value;
    size_t i, count;
    int rc = check_names(object, err);
    yyjson_obj_foreach(object, i, count, name, value) {
        if (rc != 0)
            return rc;
        rc = check_level(value, depth + 1, depth_max, err);
    }
    return rc;
}

static int check_array(yyjson_val *array, unsigned depth, unsigned depth_max, struct error *err)
{
    yyjson_val *item;
    size_t i, count;
    int rc = 0;
    yyjson_arr_foreach(array, i, count, item) {
        if (rc != 0)
            return rc;
        rc = check_level(item, depth + 1, depth_max, err);
    }
    return rc;
}

static int check_level(yyjson_val *value, unsigned depth, unsigned depth_max, struct error *err)
{
    if (!yyjson_is_ctn(value))
        return 0;
    if (depth > depth_max)
        return error_set(err, E_INVALID, "found more than %u arrays and objects within one another; allowed: %u", depth_max, depth_max);
    if (yyjson_is_obj(value))
        return check_object(value, depth, depth_max, err);
    return check_array(value, depth, depth_max, err);
}

/* Reading */

static int refuse_text(const yyjson_read_err *reason, size_t size, struct error *err)
{
    if (reason->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return error_set(err, E_UNAVAILABLE, "no memory for a JSON text of %zu bytes", size);
    return error_set(err, E_INVALID, "not JSON: %s at byte %zu; allowed: one JSON object", reason->msg, reason->pos);
}

int json_object_read(struct json_object *object, struct text text, unsigned depth_max, struct error *err)
{
    yyjson_read_err reason;
    choose_memory(object, text.size);
    object->doc = yyjson_read_opts((char *)text.data, text.size, READ_FLAGS, &object->allocator, &reason); /* only read: not INSITU */
    if (object->doc == NULL)
        return refuse_text(&reason, text.size, err);

    object->root = yyjson_doc_get_root(object->doc);
    int rc = yyjson_is_obj(object->root) ? check_level(object->root, 1, depth_max, err)
                                         : error_set(err, E_INVALID, "found %s; allowed: one JSON object", json_kind(object->root));
    if (rc != 0)
        json_object_free(object);
    return rc;
}

void json_object_free(struct json_object *object)
{
    yyjson_doc_free(object->doc);
    object->doc = NULL;
    object->root = NULL;
}

const char *json_kind(yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_OBJ:
        return "an object";
    case YYJSON_TYPE_ARR:
        return "an array";
    case YYJSON_TYPE_STR:
        return "a string";
    case YYJSON_TYPE_BOOL:
        return "a boolean";
    case YYJSON_TYPE_NULL:
        return "null";
    default:
        return "a number";
    }
}

bool json_integer(struct text digits, int64_t *value)
{
    bool negative = digits.size > 0 && digits.data[0] == '-';
    int64_t sum = 0;
    for (size_t i = negative; i < digits.size; i++) {
        int digit = digits.data[i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum)) /* below 0, where INT64_MIN fits */
            return false;
    }
    if (digits.size <= negative || (!negative && sum == INT64_MIN))
        return false;
    *value = negative ? sum : -sum;
    return true;
}

/* Minifying */

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* An odd number of backslashes before it. */
static bool is_escaped(const char *quote)
{
    const char *at = quote;
    while (at[-1] == '\\')
        at--;
    return (quote - at) % 2 == 1;
}

/* `at` stands on the opening quote; returns what is behind the closing one. It jumps from quote to quote: memchr is some ten
 * times as fast as a look at each byte, and strings are most of a body. */
static const char *string_end(const char *at, const char *end)
{
    do
        at = memchr(at + 1, '"', (size_t)(end - at - 1));
    while (is_escaped(at));
    return at + 1;
}

void json_minify(struct text text, struct buffer *out)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    buffer_reserve(out, text.size);
    while (at < end) {
        const char *token = at;
        while (at < end && !is_space(*at))
            at = *at == '"' ? string_end(at, end) : at + 1;
        buffer_append(out, token, (size_t)(at - token));
        while (at < end && is_space(*at))
            at++;
    }
}
