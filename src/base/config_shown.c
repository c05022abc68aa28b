#include "base/config_shown.h"

#include "base/config_conceal.h"

#include <string.h>

const char *config_shown_text(struct arena *arena, const struct config_node *node, const struct config_field *field)
{
    if (strcmp(node->file, CONFIG_FROM_DEFAULT) == 0) /* stands in the documentation */
        return node->text;
    bool is_secret = field != NULL && node->field == field && field->type == CONFIG_SECRET;
    bool is_free = node->field == NULL && node->name != NULL && (field == NULL || field->type != CONFIG_SECRET);
    if (is_secret || (is_free && config_conceal_name(node->name)))
        return CONFIG_HIDDEN;
    return config_conceal(arena, node->text);
}

bool config_shown_typed(const struct config_node *node, const struct config_field *field)
{
    if (field == NULL)
        return false;
    bool is_number = field->type == CONFIG_INT || field->type == CONFIG_NUMBER || field->type == CONFIG_BOOL;
    return is_number || (field->type == CONFIG_JSON && node->plain);
}

bool config_shown_absent(const struct config_node *node)
{
    if (!node->absent)
        return false;
    const struct config_schema *schema = node->field->schema;
    if (schema->present_offset != 0)
        return true;
    for (const struct config_field *field = schema->fields; field->name != NULL; field++) {
        if (field->required)
            return true;
    }
    return false;
}
