#include "api/arguments.h"

#include "base/buffer.h"
#include "core/json_object.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 64 /* bytes of what was found */ };

static const char query_mark[] = "query:";

/* --- one value --- */

static int refuse_choice(const struct argument *argument, struct text found, struct error *err)
{
    struct buffer allowed = { 0 };
    for (size_t i = 0; argument->choices[i] != NULL; i++)
        buffer_printf(&allowed, "%s%s", i == 0 ? "" : ", ", argument->choices[i]);
    error_set(err, E_INVALID, "%s: found \"%.*s\"; allowed: %.*s", argument->name, TEXT_ARG(found), TEXT_ARG(buffer_as_text(&allowed)));
    buffer_free(&allowed);
    return E_INVALID;
}

static int refuse(const struct argument *argument, struct text found, struct error *err)
{
    if (found.size > SHOWN)
        found.size = SHOWN;
    if (argument->type == ARGUMENT_CHOICE)
        return refuse_choice(argument, found, err);
    if (argument->type == ARGUMENT_BOOL)
        return error_set(err, E_INVALID, "%s: found \"%.*s\"; allowed: true, false", argument->name, TEXT_ARG(found));
    return error_set(err, E_INVALID, "%s: found \"%.*s\"; allowed: a whole number from %" PRId64 " to %" PRId64, argument->name,
                     TEXT_ARG(found), argument->min, argument->max);
}

static int read_choice(const struct argument *argument, struct text text, struct argument_value *value, struct error *err)
{
    for (value->integer = 0; argument->choices[value->integer] != NULL; value->integer++)
        if (text_is(text, argument->choices[value->integer]))
            return 0;
    return refuse(argument, text, err);
}

static int read_text(const struct argument *argument, struct text text, struct argument_value *value, struct error *err)
{
    value->given = true;
    if (argument->type == ARGUMENT_CHOICE)
        return read_choice(argument, text, value, err);
    if (argument->type == ARGUMENT_BOOL) {
        value->boolean = text_is(text, "true");
        return value->boolean || text_is(text, "false") ? 0 : refuse(argument, text, err);
    }
    if (text.size == 0 || !json_integer(text, &value->integer) || value->integer < argument->min || value->integer > argument->max)
        return refuse(argument, text, err);
    return 0;
}

static int read_json(const struct argument *argument, yyjson_val *json, struct argument_value *value, struct error *err)
{
    if (argument->type == ARGUMENT_INT && yyjson_is_raw(json))
        return read_text(argument, (struct text){ yyjson_get_raw(json), yyjson_get_len(json) }, value, err);
    if (argument->type == ARGUMENT_CHOICE && yyjson_is_str(json))
        return read_text(argument, (struct text){ yyjson_get_str(json), yyjson_get_len(json) }, value, err);
    if (argument->type == ARGUMENT_BOOL && yyjson_is_bool(json))
        return read_text(argument, yyjson_get_bool(json) ? TEXT("true") : TEXT("false"), value, err);
    return refuse(argument, text_of(json_kind(json)), err);
}

/* --- where they come from --- */

static const char *fixed_by(const struct config_list *with, const char *name)
{
    const struct config_pair *pairs = with == NULL ? NULL : with->items;
    for (size_t i = 0; with != NULL && i < with->count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

/* A name that comes twice has two values, of which one would be passed over in silence; a body is refused for it too. */
static int ask_query(struct http_request *request, const char *name, struct text *found, struct error *err)
{
    *found = http_query(request, name);
    if (http_query_count(request, name) > 1)
        return error_set(err, E_INVALID, "found the name \"%s\" twice in the query; allowed: once", name);
    return 0;
}

/* "query:time_ms=2000" */
static int follow(const char *rule, struct http_request *request, struct text *found, struct error *err)
{
    *found = text_of(rule);
    if (strncmp(rule, query_mark, strlen(query_mark)) != 0)
        return 0;
    const char *name = rule + strlen(query_mark);
    size_t size = strcspn(name, "=");
    char *key = http_request_alloc(request, size + 1);
    memcpy(key, name, size);
    key[size] = '\0';
    int code = ask_query(request, key, found, err);
    if (found->data == NULL && name[size] == '=')
        *found = text_of(name + size + 1);
    return code;
}

static int read_query(const struct argument *table, const struct config_list *with, struct http_request *request,
                      struct argument_value *values, struct error *err)
{
    for (size_t i = 0; table[i].name != NULL; i++) {
        const char *rule = fixed_by(with, table[i].name);
        struct text text;
        int code = rule == NULL ? ask_query(request, table[i].name, &text, err) : follow(rule, request, &text, err);
        if (code != 0)
            return code;
        values[i] = (struct argument_value){ .given = false };
        if (text.data != NULL && read_text(&table[i], text, &values[i], err) != 0)
            return E_INVALID;
    }
    return 0;
}

/* What `with` names a request cannot give. */
static int refuse_name(const struct argument *table, const struct config_list *with, struct text name, struct error *err)
{
    struct buffer allowed = { 0 };
    for (size_t i = 0; table[i].name != NULL; i++)
        if (fixed_by(with, table[i].name) == NULL)
            buffer_printf(&allowed, "%s%s", allowed.size == 0 ? "" : ", ", table[i].name);
    if (name.size > SHOWN)
        name.size = SHOWN;
    int code = error_set(err, E_INVALID, "found \"%.*s\"; allowed: %.*s", TEXT_ARG(name),
                         TEXT_ARG(allowed.size == 0 ? TEXT("no arguments") : buffer_as_text(&allowed)));
    buffer_free(&allowed);
    return code;
}

static size_t row_of(const struct argument *table, struct text name)
{
    size_t row = 0;
    while (table[row].name != NULL && !text_is(name, table[row].name))
        row++;
    return row;
}

static int read_object(const struct argument *table, const struct config_list *with, yyjson_val *root, struct argument_value *values,
                       struct error *err)
{
    size_t i, count;
    yyjson_val *key, *json;
    yyjson_obj_foreach(root, i, count, key, json) {
        struct text name = { yyjson_get_str(key), yyjson_get_len(key) };
        size_t row = row_of(table, name);
        if (table[row].name == NULL || fixed_by(with, table[row].name) != NULL)
            return refuse_name(table, with, name, err);
        if (values[row].given)
            return error_set(err, E_INVALID, "found %s in the query and in the body; allowed: one of both", table[row].name);
        if (read_json(&table[row], json, &values[row], err) != 0)
            return E_INVALID;
    }
    return 0;
}

static int read_body(const struct argument *table, const struct config_list *with, struct text body, struct argument_value *values,
                     struct error *err)
{
    struct json_object object;
    int code = json_object_read(&object, body, 2, err);
    if (code != 0)
        return code;
    code = read_object(table, with, object.root, values, err);
    json_object_free(&object);
    return code;
}

int arguments_read(const struct argument *table, const struct config_list *with, struct http_request *request,
                   struct argument_value *values, struct error *err)
{
    int code = read_query(table, with, request, values, err);
    return code != 0 || request->body.size == 0 ? code : read_body(table, with, request->body, values, err);
}

int arguments_check_with(const struct argument *table, const struct config_pair *pair, struct error *err)
{
    size_t row = row_of(table, text_of(pair->name));
    struct argument_value value;
    if (table[row].name == NULL)
        return refuse_name(table, NULL, text_of(pair->name), err);
    const char *text = pair->value;
    if (strncmp(text, query_mark, strlen(query_mark)) == 0) {
        text = strchr(text, '=');
        if (text == NULL)
            return 0;
        text++;
    }
    return read_text(&table[row], text_of(text), &value, err);
}
