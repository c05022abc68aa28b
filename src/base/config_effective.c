#include "base/config_json.h"
#include "base/config_shown.h"

struct builder {
    yyjson_mut_doc *doc;
    struct arena arena;
};

static yyjson_mut_val *value_of(struct builder *builder, const struct config_node *node, const struct config_field *field);

static yyjson_mut_val *scalar(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    const char *text = config_shown_text(&builder->arena, node, field);
    if (config_node_is_null(node))
        return yyjson_mut_null(builder->doc);
    if (text == node->text && config_shown_typed(node, field))
        return config_json_scalar(builder->doc, text);
    return yyjson_mut_strcpy(builder->doc, text);
}

static yyjson_mut_val *list(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    yyjson_mut_val *value = yyjson_mut_arr(builder->doc);
    config_each_child(child, node)
    {
        yyjson_mut_arr_append(value, value_of(builder, child, field));
    }
    return value;
}

static yyjson_mut_val *mapping(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    yyjson_mut_val *value = yyjson_mut_obj(builder->doc);
    config_each_child(child, node)
    {
        yyjson_mut_obj_add(value, yyjson_mut_strcpy(builder->doc, child->name), value_of(builder, child, field));
    }
    return value;
}

static yyjson_mut_val *value_of(struct builder *builder, const struct config_node *node, const struct config_field *field)
{
    const struct config_field *nearest = node->field == NULL ? field : node->field;
    if (config_shown_absent(node))
        return yyjson_mut_null(builder->doc);
    if (node->kind == CONFIG_SCALAR)
        return scalar(builder, node, nearest);
    return node->kind == CONFIG_SEQUENCE ? list(builder, node, nearest) : mapping(builder, node, nearest);
}

yyjson_mut_val *config_json(const struct config *config, yyjson_mut_doc *doc)
{
    struct builder builder = { .doc = doc };
    if (config->root == NULL)
        return yyjson_mut_null(doc);
    yyjson_mut_val *value = value_of(&builder, config->root, NULL);
    arena_free(&builder.arena);
    return value;
}
