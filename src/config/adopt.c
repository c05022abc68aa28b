/* Two effective trees side by side. What may change while the process runs is taken over; all that differs is told. */
#include "config/tree.h"

#include <string.h>

struct adoption {
    struct config *config;
    config_difference_cb differs;
    void *arg;
};

static void tell(struct adoption *adoption, const struct config_node *node, bool adopted)
{
    adoption->differs(adoption->arg, config_node_path(&adoption->config->arena, node), adopted);
}

static void adopt_scalar(struct adoption *adoption, struct config_node *node, const struct config_node *fresh)
{
    struct arena *arena = &adoption->config->arena;
    if (strcmp(node->text, fresh->text) == 0)
        return;
    bool adopted = node->field != NULL && node->field->reloadable;
    tell(adoption, node, adopted);
    if (!adopted)
        return;
    node->text = arena_strdup(arena, fresh->text);
    node->file = arena_strdup(arena, fresh->file);
    node->line = fresh->line;
    node->plain = fresh->plain;
    node->variables = fresh->variables == NULL ? NULL : arena_strdup(arena, fresh->variables);
}

static void adopt(struct adoption *adoption, struct config_node *node, const struct config_node *fresh);

static void adopt_items(struct adoption *adoption, struct config_node *list, const struct config_node *fresh)
{
    if (list->count != fresh->count) {
        tell(adoption, list, false);
        return;
    }
    const struct config_node *other = fresh->first;
    for (struct config_node *item = list->first; item != NULL; item = item->next, other = other->next)
        adopt(adoption, item, other);
}

static void adopt_members(struct adoption *adoption, struct config_node *mapping, const struct config_node *fresh)
{
    config_each_child(child, mapping)
    {
        const struct config_node *other = config_node_child(fresh, child->name);
        if (other == NULL)
            tell(adoption, child, false);
        else
            adopt(adoption, child, other);
    }
    config_each_child(other, fresh)
    {
        if (config_node_child(mapping, other->name) == NULL)
            tell(adoption, other, false);
    }
}

/* Whether a struct stands in the file matters only where it says something. */
static bool presence_differs(const struct config_node *node, const struct config_node *fresh)
{
    return node->absent != fresh->absent && node->field->schema->present_offset != 0;
}

static void adopt(struct adoption *adoption, struct config_node *node, const struct config_node *fresh)
{
    if (node->kind != fresh->kind || presence_differs(node, fresh))
        tell(adoption, node, false);
    else if (node->kind == CONFIG_SCALAR)
        adopt_scalar(adoption, node, fresh);
    else if (node->kind == CONFIG_SEQUENCE)
        adopt_items(adoption, node, fresh);
    else
        adopt_members(adoption, node, fresh);
}

void config_adopt(struct config *config, const struct config *fresh, config_difference_cb differs, void *arg)
{
    struct adoption adoption = { config, differs, arg };
    adopt(&adoption, config->root, fresh->root);
}
