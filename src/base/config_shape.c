#include "base/config_shape.h"

#include <string.h>

const struct config_field *config_field_find(const struct config_schema *schema, const char *name)
{
    for (const struct config_field *field = schema->fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}

static struct config_node *wrap(struct arena *arena, struct config_node *node, enum config_kind kind, const char *name)
{
    struct config_node *outer = config_node_new(arena, kind, node->file, node->line);
    config_node_replace(node, outer);
    node->name = name;
    config_node_add(outer, node);
    return outer;
}

struct config_node *config_shape_long(struct arena *arena, struct config_node *node, const struct config_schema *schema)
{
    if (node->kind == CONFIG_MAPPING || schema->shorthand == NULL || node->broken)
        return node;
    return wrap(arena, node, CONFIG_MAPPING, schema->shorthand);
}

struct config_node *config_shape_list(struct arena *arena, struct config_node *node)
{
    if (node->kind != CONFIG_SCALAR || node->broken)
        return node;
    return wrap(arena, node, CONFIG_SEQUENCE, NULL);
}
