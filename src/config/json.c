
#include "config/json.h"

#include "config/shown.h"
#include "config/units.h"

#include <stdlib.h>
#include <string.h>

/* Octal and hexadecimal, which JSON lacks: their value, or false. */
static bool based_int(const char *text, int64_t *value)
{
    int base = strncmp(text, "0x", 2) == 0 ? 16 : strncmp(text, "0o", 2) == 0 ? 8 : 0;
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "01234567";
    if (base == 0 || text[2] == '\0' || text[2 + strspn(text + 2, digits)] != '\0')
        return false;
    char *end;
    unsigned long long number = strtoull(text + 2, &end, base);
    *value = (int64_t)number;
    return number <= INT64_MAX;
}

enum config_core config_core_of(const char *text)
{
    bool truth;
    int64_t whole;
    double number;
    const struct config_node node = { .kind = CONFIG_SCALAR, .plain = true, .text = text };
    if (config_node_is_null(&node))
        return CONFIG_CORE_NULL;
    if (config_parse_bool(text, &truth))
        return CONFIG_CORE_BOOL;
    if (config_parse_int(text, &whole) || based_int(text, &whole))
        return CONFIG_CORE_INT;
    if (config_parse_number(text, &number))
        return CONFIG_CORE_NUMBER;
    return CONFIG_CORE_TEXT;
}

yyjson_mut_val *config_json_scalar(yyjson_mut_doc *doc, const char *text)
{
    bool truth = false;
    int64_t whole = 0;
    double number = 0;
    switch (config_core_of(text)) {
    case CONFIG_CORE_NULL:
        return yyjson_mut_null(doc);
    case CONFIG_CORE_BOOL:
        config_parse_bool(text, &truth);
        return yyjson_mut_bool(doc, truth);
    case CONFIG_CORE_INT:
        if (!config_parse_int(text, &whole))
            based_int(text, &whole);
        return yyjson_mut_sint(doc, whole);
    case CONFIG_CORE_NUMBER:
        config_parse_number(text, &number);
        return yyjson_mut_real(doc, number);
    case CONFIG_CORE_TEXT:
        break;
    }
    return yyjson_mut_strcpy(doc, text);
}

static yyjson_mut_val *value_of(yyjson_mut_doc *doc, const struct config_node *node)
{
    if (node->kind == CONFIG_SCALAR)
        return node->plain ? config_json_scalar(doc, node->text) : yyjson_mut_strcpy(doc, node->text);

    yyjson_mut_val *value = node->kind == CONFIG_SEQUENCE ? yyjson_mut_arr(doc) : yyjson_mut_obj(doc);
    config_each_child(child, node)
    {
        if (node->kind == CONFIG_SEQUENCE)
            yyjson_mut_arr_append(value, value_of(doc, child));
        else
            yyjson_mut_obj_add(value, yyjson_mut_strcpy(doc, child->name), value_of(doc, child));
    }
    return value;
}

static void *in_arena(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void *in_arena_again(void *arena, void *old, size_t old_size, size_t size)
{
    void *memory = arena_alloc(arena, size);
    if (old != NULL)
        memcpy(memory, old, old_size < size ? old_size : size);
    return memory;
}

static void with_arena(void *arena, void *memory) /* all at once, later */
{
}

const yyjson_val *config_json_of(struct arena *arena, const struct config_node *node)
{
    const yyjson_alc allocator = { .malloc = in_arena, .realloc = in_arena_again, .free = with_arena, .ctx = arena };
    yyjson_mut_doc *built = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(built, value_of(built, node));
    yyjson_doc *doc = yyjson_mut_doc_imut_copy(built, &allocator);
    yyjson_mut_doc_free(built);
    return yyjson_doc_get_root(doc);
}

struct builder {
    yyjson_mut_doc *doc;
    struct arena arena;
};

static yyjson_mut_val *shown_value(struct builder *builder, const struct config_node *node, const struct config_field *field);

static yyjson_mut_val *shown_scalar(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    const char *text = config_shown_text(&builder->arena, node, field);
    if (config_node_is_null(node))
        return yyjson_mut_null(builder->doc);
    if (text == node->text && config_shown_typed(node, field))
        return config_json_scalar(builder->doc, text);
    return yyjson_mut_strcpy(builder->doc, text);
}

static yyjson_mut_val *shown_list(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    yyjson_mut_val *value = yyjson_mut_arr(builder->doc);
    config_each_child(child, node)
    {
        yyjson_mut_arr_append(value, shown_value(builder, child, field));
    }
    return value;
}

static yyjson_mut_val *shown_mapping(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    yyjson_mut_val *value = yyjson_mut_obj(builder->doc);
    config_each_child(child, node)
    {
        yyjson_mut_obj_add(value, yyjson_mut_strcpy(builder->doc, child->name), shown_value(builder, child, field));
    }
    return value;
}

static yyjson_mut_val *shown_value(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    const struct config_field *nearest = node->field == NULL ? field : node->field;
    if (config_shown_absent(node))
        return yyjson_mut_null(builder->doc);
    if (node->kind == CONFIG_SCALAR)
        return shown_scalar(builder, node, nearest);
    return node->kind == CONFIG_SEQUENCE ? shown_list(builder, node, nearest) : shown_mapping(builder, node, nearest);
}

yyjson_mut_val *config_json(const struct config *config, yyjson_mut_doc *doc)
{
    struct builder builder = { .doc = doc };
    if (config->root == NULL)
        return yyjson_mut_null(doc);
    yyjson_mut_val *value = shown_value(&builder, config->root, NULL);
    arena_free(&builder.arena);
    return value;
}
