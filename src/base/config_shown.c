#include "base/config_shown.h"

#include "base/config_conceal.h"

const char *config_shown_text(struct arena *arena, const struct config_node *node, const struct config_field *field)
{
    bool is_secret = field != NULL && node->field == field && field->type == CONFIG_SECRET;
    bool is_free = node->field == NULL && node->name != NULL && (field == NULL || field->type != CONFIG_SECRET);
    if (is_secret || (is_free && config_conceal_name(node->name)))
        return CONFIG_HIDDEN;
    return config_conceal(arena, node->text);
}

bool config_shown_absent(const struct config_node *node)
{
    if (!node->absent)
        return false;
    for (const struct config_field *field = node->field->schema->fields; field->name != NULL; field++) {
        if (field->required)
            return true;
    }
    return false;
}
