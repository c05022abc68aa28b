#include "base/utf8.h"
#include "config/reading.h"
#include "config/report.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct arena *arena;
    const struct config_override *override;
    struct config_report *report;
    const char *rest; /* of the path */
    struct config_node *node;
    const struct config_schema *schema; /* of `node`, or of the items in it; NULL: nobody knows */
    const struct config_field *field;   /* the last one passed; NULL at the root and in the unknown */
};

#define REFUSE(walk, ...)                                                                                \
    do {                                                                                                 \
        config_report_add((walk)->report, CONFIG_FROM_OVERRIDE, 0, (walk)->override->path, __VA_ARGS__); \
        return NULL;                                                                                     \
    } while (0)

static bool in_list(const struct walk *walk)
{
    if (walk->node->kind == CONFIG_SEQUENCE)
        return true;
    return walk->field != NULL && walk->field->type == CONFIG_LIST;
}

static bool in_free_names(const struct walk *walk)
{
    return walk->field != NULL && walk->field->type == CONFIG_MAP;
}

static bool in_struct(const struct walk *walk)
{
    return walk->schema != NULL && (walk->field == NULL || walk->field->type == CONFIG_STRUCT);
}

/* The next piece of the path; the whole rest where names are free. NULL at the end. */
static const char *next_name(struct walk *walk)
{
    const char *rest = walk->rest;
    if (rest == NULL)
        return NULL;
    size_t size = in_free_names(walk) ? strlen(rest) : strcspn(rest, ".");
    walk->rest = rest[size] == '\0' ? NULL : rest + size + 1;
    return arena_strndup(walk->arena, rest, size);
}

static struct config_node *nothing(struct arena *arena)
{
    struct config_node *node = config_node_scalar(arena, "", CONFIG_FROM_OVERRIDE, 0);
    node->plain = true;
    return node;
}

static struct config_node *become(struct walk *walk, enum config_kind kind)
{
    struct config_node *node = config_node_new(walk->arena, kind, CONFIG_FROM_OVERRIDE, 0);
    config_node_replace(walk->node, node);
    return node;
}

/* Gives the node on the way the form that has children: the long form of a shorthand, a list of one, or an empty one. */
static struct config_node *open_node(struct walk *walk)
{
    enum config_kind kind = in_list(walk) ? CONFIG_SEQUENCE : CONFIG_MAPPING;
    if (config_node_is_null(walk->node) || walk->node->broken)
        walk->node = become(walk, kind);
    else if (kind == CONFIG_SEQUENCE)
        walk->node = config_node_as_list(walk->arena, walk->node);
    else if (in_struct(walk))
        walk->node = config_node_long_form(walk->arena, walk->node, walk->schema);

    if (walk->node->kind == kind)
        return walk->node;
    const char *path = config_node_path(walk->arena, walk->node);
    REFUSE(walk, "%s is %s; a path through it needs a %s there", path[0] == '\0' ? "the configuration" : path,
           config_found(walk->arena, walk->node), kind == CONFIG_SEQUENCE ? "list" : "mapping");
}

static struct config_node *item(struct walk *walk, const char *name)
{
    size_t count = walk->node->count;
    char *end;
    unsigned long index = strtoul(name, &end, 10);
    if (name[0] < '0' || name[0] > '9' || *end != '\0' || index > count)
        REFUSE(walk, "found \"%s\" as an index; allowed: 0 to %zu, the last to append", name, count);

    if (index < count)
        return config_node_at(walk->node, index);
    struct config_node *added = nothing(walk->arena);
    config_node_add(walk->node, added);
    return added;
}

static struct config_node *member(struct walk *walk, const char *name)
{
    struct config_node *child = config_node_child(walk->node, name);
    if (child != NULL)
        return child;
    if (strlen(name) > CONFIG_KEY_MAX)
        REFUSE(walk, "found a name of %zu bytes; allowed: %d", strlen(name), CONFIG_KEY_MAX);
    child = nothing(walk->arena);
    child->name = name;
    config_node_add(walk->node, child);
    return child;
}

/* Whose child is `name`? A struct's field leads to the field's schema; an item of a list or dict is a struct of the schema. */
static void descend(struct walk *walk, const char *name)
{
    const struct config_field *field = walk->field;
    if (in_struct(walk)) {
        walk->field = config_field_find(walk->schema, name);
        walk->schema = walk->field == NULL ? NULL : walk->field->schema;
        return;
    }
    bool has_items = field != NULL && (field->type == CONFIG_LIST || field->type == CONFIG_DICT);
    walk->schema = has_items ? field->schema : NULL;
    walk->field = NULL;
}

static struct config_node *step(struct walk *walk, const char *name)
{
    if (open_node(walk) == NULL)
        return NULL;
    struct config_node *child = walk->node->kind == CONFIG_SEQUENCE ? item(walk, name) : member(walk, name);
    if (child == NULL)
        return NULL;
    descend(walk, name);
    walk->node = child;
    return child;
}

static struct config_node *find(struct walk *walk)
{
    for (const char *name = next_name(walk); name != NULL; name = next_name(walk)) {
        if (step(walk, name) == NULL)
            return NULL;
    }
    return walk->node;
}

/* What is wrong with a path before anybody looks for it, or NULL. */
static const char *path_mistake(const char *path)
{
    size_t size = strlen(path);
    if (!utf8_valid(path, size))
        return "found a path that is no UTF-8 text";
    if (size == 0 || path[0] == '.' || path[size - 1] == '.' || strstr(path, "..") != NULL)
        return "found an empty name in the path; allowed: names with one dot between them, as in pool.workers=10";
    return NULL;
}

/* The value as a tree. An empty one is the empty text, and not YAML's null: who writes `--set x=$UNSET` does not mean the default. */
static struct config_node *parse_value(struct arena *arena, const struct config_override *override, struct config_report *report)
{
    const struct config_source source = { .file = CONFIG_FROM_OVERRIDE, .prefix = override->path };
    struct config_node *value = config_parse(arena, &source, text_of(override->value), report);
    if (value == NULL || value->kind != CONFIG_SCALAR || !value->plain || value->text[0] != '\0')
        return value;
    if (override->value[0] != '\0') {
        config_report_add(report, CONFIG_FROM_OVERRIDE, 0, override->path,
                          "found blanks or a comment; allowed: a value, in quotes where it begins with #");
        return NULL;
    }
    value->plain = false;
    return value;
}

static struct config_node *root_of(struct config_node *node)
{
    while (node->parent != NULL)
        node = node->parent;
    return node;
}

struct config_node *config_override(struct arena *arena, struct config_node *root, const struct config_schema *schema,
                                    const struct config_override *override, struct config_report *report)
{
    const char *mistake = path_mistake(override->path);
    if (mistake != NULL) {
        config_report_add(report, CONFIG_FROM_OVERRIDE, 0, override->path, "%s", mistake);
        return root;
    }
    struct config_node *value = parse_value(arena, override, report);
    if (value == NULL)
        return root;

    struct config_node *top = config_node_is_null(root) ? config_node_new(arena, CONFIG_MAPPING, CONFIG_FROM_OVERRIDE, 0) : root;
    struct walk walk = {
        .arena = arena,
        .override = override,
        .report = report,
        .rest = override->path,
        .node = top,
        .schema = schema,
    };
    struct config_node *place = find(&walk);
    if (place == NULL)
        return top;
    config_node_replace(place, value);
    return root_of(value);
}
