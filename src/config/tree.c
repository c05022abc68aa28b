
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_node *config_node_new(struct arena *arena, enum config_kind kind, const char *file, unsigned line)
{
    struct config_node *node = arena_alloc(arena, sizeof(*node));
    node->kind = kind;
    node->file = file;
    node->line = line;
    return node;
}

struct config_node *config_node_scalar(struct arena *arena, const char *text, const char *file, unsigned line)
{
    struct config_node *node = config_node_new(arena, CONFIG_SCALAR, file, line);
    node->text = text;
    return node;
}

void config_node_add(struct config_node *parent, struct config_node *child)
{
    child->parent = parent;
    child->next = NULL;
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    parent->count++;
}

struct config_node *config_node_child(const struct config_node *parent, const char *name)
{
    config_each_child(child, parent)
    {
        if (child->name != NULL && strcmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

struct config_node *config_node_at(const struct config_node *parent, size_t index)
{
    struct config_node *child = parent->first;
    while (child != NULL && index-- > 0)
        child = child->next;
    return child;
}

void config_node_replace(struct config_node *old, struct config_node *node)
{
    struct config_node *parent = old->parent;
    node->name = old->name;
    node->parent = parent;
    node->next = old->next;
    old->parent = old->next = NULL;
    if (parent == NULL)
        return;

    struct config_node **link = &parent->first;
    while (*link != old)
        link = &(*link)->next;
    *link = node;
    if (parent->last == old)
        parent->last = node;
}

static struct config_node *wrap(struct arena *arena, struct config_node *node, enum config_kind kind, const char *name)
{
    struct config_node *outer = config_node_new(arena, kind, node->file, node->line);
    config_node_replace(node, outer);
    node->name = name;
    config_node_add(outer, node);
    return outer;
}

struct config_node *config_node_long_form(struct arena *arena, struct config_node *node, const struct config_schema *schema)
{
    if (node->kind == CONFIG_MAPPING || schema->shorthand == NULL || node->broken)
        return node;
    return wrap(arena, node, CONFIG_MAPPING, schema->shorthand);
}

struct config_node *config_node_as_list(struct arena *arena, struct config_node *node)
{
    if (node->kind != CONFIG_SCALAR || node->broken)
        return node;
    return wrap(arena, node, CONFIG_SEQUENCE, NULL);
}

bool config_node_is_null(const struct config_node *node)
{
    if (node->kind != CONFIG_SCALAR || !node->plain)
        return false;
    const char *text = node->text;
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static size_t index_of(const struct config_node *node)
{
    size_t index = 0;
    for (const struct config_node *at = node->parent->first; at != node; at = at->next)
        index++;
    return index;
}

const char *config_node_path(struct arena *arena, const struct config_node *node)
{
    if (node->parent == NULL)
        return node->name == NULL ? "" : node->name;

    const char *parent = config_node_path(arena, node->parent);
    const char *dot = parent[0] == '\0' ? "" : ".";
    if (node->name != NULL)
        return arena_printf(arena, "%s%s%s", parent, dot, node->name);
    return arena_printf(arena, "%s%s%zu", parent, dot, index_of(node));
}

/* The child that a path leads to, and the rest of the path; a free name with dots in it is tried first. */
static const struct config_node *follow(const struct config_node *node, const char **path)
{
    const struct config_node *whole = config_node_child(node, *path);
    if (whole != NULL) {
        *path = "";
        return whole;
    }

    char name[CONFIG_KEY_MAX + 1];
    size_t size = strcspn(*path, ".");
    snprintf(name, sizeof(name), "%.*s", (int)size, *path);
    *path += size + ((*path)[size] == '.');
    if (node->kind == CONFIG_SEQUENCE)
        return config_node_at(node, strtoul(name, NULL, 10));
    return config_node_child(node, name);
}

const struct config_node *config_node_find(const struct config_node *root, const char *path)
{
    const struct config_node *found = root;
    for (const struct config_node *node = root; node != NULL; node = *path == '\0' ? NULL : follow(node, &path))
        found = node;
    return found;
}
