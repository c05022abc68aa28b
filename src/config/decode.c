#include "config/json.h"
#include "config/reading.h"
#include "config/report.h"
#include "config/schema.h"
#include "config/shown.h"

#include <assert.h>
#include <string.h>

#define KEY_MAX 64 /* characters of a free name: it becomes a label of metrics and a word of paths */

struct decoder {
    struct arena *arena;
    struct config_report *report;
};

/* Every decode_* returns whether all in it is right. */
static bool decode_struct(struct decoder *decoder, struct config_node *node, const struct config_schema *schema, void *object);

static bool refuse(struct decoder *decoder, struct config_node *node, const char *allowed)
{
    config_report_node(decoder->report, node, "found %s; allowed: %s", config_found(decoder->arena, node), allowed);
    return false;
}

static bool decode_texts(struct decoder *decoder, struct config_node *node, struct config_list *list)
{
    const char **texts = arena_alloc(decoder->arena, node->count * sizeof(*texts));
    bool whole = true;
    *list = (struct config_list){ .items = texts };
    config_each_child(child, node)
    {
        bool is_text = child->kind == CONFIG_SCALAR && !config_node_is_null(child);
        whole &= !child->broken && (is_text || refuse(decoder, child, "a text"));
        texts[list->count++] = child->text;
    }
    return whole;
}

static bool decode_structs(struct decoder *decoder, struct config_node *node, const struct config_schema *schema, struct config_list *list)
{
    char *items = arena_alloc(decoder->arena, node->count * schema->size);
    bool whole = true;
    *list = (struct config_list){ .items = items };
    for (struct config_node *child = node->first; child != NULL; child = child->next) {
        child = config_node_long_form(decoder->arena, child, schema); /* puts another node in its place */
        whole &= decode_struct(decoder, child, schema, items + list->count++ * schema->size);
    }
    return whole;
}

static bool decode_list(struct decoder *decoder, struct config_node *node, const struct config_field *field, void *place)
{
    if (field->schema == NULL) {
        node = config_node_as_list(decoder->arena, node);
        node->field = field;
    }
    if (node->kind != CONFIG_SEQUENCE)
        return refuse(decoder, node, config_allowed(decoder->arena, field));
    return field->schema == NULL ? decode_texts(decoder, node, place) : decode_structs(decoder, node, field->schema, place);
}

static bool check_key(struct decoder *decoder, struct config_node *node)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(node->name);
    if (length >= 1 && length <= KEY_MAX && strspn(node->name, letters) == length)
        return true;
    config_report_node(decoder->report, node, "found a name that is not allowed; allowed: 1 to %d letters, digits, _ and -", KEY_MAX);
    return false;
}

static struct config_node *as_mapping(struct decoder *decoder, struct config_node *node)
{
    if (!config_node_is_null(node) || node->broken)
        return node;
    struct config_node *empty = config_node_new(decoder->arena, CONFIG_MAPPING, node->file, node->line);
    config_node_replace(node, empty);
    return empty;
}

static bool decode_dict(struct decoder *decoder, struct config_node *node, const struct config_field *field, void *place)
{
    if (node->kind != CONFIG_MAPPING)
        return refuse(decoder, node, config_allowed(decoder->arena, field));

    const struct config_schema *schema = field->schema;
    char *items = arena_alloc(decoder->arena, node->count * schema->size);
    struct config_list *list = place;
    bool whole = true;
    *list = (struct config_list){ .items = items };
    for (struct config_node *child = node->first; child != NULL; child = child->next) {
        char *item = items + list->count++ * schema->size;
        child = config_node_long_form(decoder->arena, as_mapping(decoder, child), schema);
        memcpy(item + schema->key_offset, &child->name, sizeof(child->name));
        whole &= check_key(decoder, child) && decode_struct(decoder, child, schema, item);
    }
    return whole;
}

static bool decode_map(struct decoder *decoder, struct config_node *node, const struct config_field *field, void *place)
{
    if (node->kind != CONFIG_MAPPING)
        return refuse(decoder, node, config_allowed(decoder->arena, field));

    struct config_pair *pairs = arena_alloc(decoder->arena, node->count * sizeof(*pairs));
    struct config_list *list = place;
    bool whole = true;
    *list = (struct config_list){ .items = pairs };
    config_each_child(child, node)
    {
        whole &= !child->broken && (child->kind == CONFIG_SCALAR || refuse(decoder, child, "a text"));
        const char *value = config_node_is_null(child) ? "" : child->text;
        pairs[list->count++] = (struct config_pair){ .name = child->name, .value = value };
    }
    return whole;
}

static bool is_unbroken(const struct config_node *node)
{
    bool unbroken = !node->broken;
    config_each_child(child, node)
    {
        unbroken = unbroken && is_unbroken(child);
    }
    return unbroken;
}

static bool decode_json(struct decoder *decoder, struct config_node *node, void *place)
{
    if (!is_unbroken(node))
        return false;
    *(const yyjson_val **)place = config_json_of(decoder->arena, node);
    return true;
}

static bool decode_present(struct decoder *decoder, struct config_node *node, const struct config_field *field, void *place)
{
    if (node->broken)
        return false;
    if (config_type_is_value(field->type))
        return config_decode_value(decoder->arena, node, field, place, decoder->report);
    if (field->type == CONFIG_LIST)
        return decode_list(decoder, node, field, place);
    if (field->type == CONFIG_DICT)
        return decode_dict(decoder, node, field, place);
    if (field->type == CONFIG_MAP)
        return decode_map(decoder, node, field, place);
    if (field->type == CONFIG_JSON)
        return decode_json(decoder, node, place);
    node = config_node_long_form(decoder->arena, node, field->schema);
    node->field = field;
    return decode_struct(decoder, node, field->schema, place);
}

static struct config_node *fallback_of(struct decoder *decoder, const struct config_field *field)
{
    const char *file = CONFIG_FROM_DEFAULT;
    if (field->fallback != NULL && config_type_is_value(field->type)) {
        struct config_node *scalar = config_node_scalar(decoder->arena, field->fallback, file, 0);
        scalar->plain = field->type != CONFIG_STRING && field->type != CONFIG_SECRET;
        return scalar;
    }
    if (field->fallback != NULL) {
        const struct config_source source = { .file = file, .prefix = field->name };
        struct config_node *parsed = config_parse(decoder->arena, &source, text_of(field->fallback), decoder->report);
        assert(parsed != NULL && "a fallback in a schema is not YAML");
        return parsed;
    }

    bool is_list = field->type == CONFIG_LIST;
    bool is_mapping = field->type == CONFIG_STRUCT || field->type == CONFIG_DICT || field->type == CONFIG_MAP;
    struct config_node *node = config_node_new(decoder->arena,
                                               is_list      ? CONFIG_SEQUENCE
                                               : is_mapping ? CONFIG_MAPPING
                                                            : CONFIG_SCALAR,
                                               file, 0);
    node->text = "";
    node->plain = true;
    node->absent = field->type == CONFIG_STRUCT;
    return node;
}

/* Puts the default where nothing stands, null included. */
static struct config_node *put_fallback(struct decoder *decoder, struct config_node *parent, struct config_node *node,
                                        const struct config_field *field)
{
    struct config_node *fallback = fallback_of(decoder, field);
    fallback->name = field->name;
    if (node == NULL)
        config_node_add(parent, fallback);
    else
        config_node_replace(node, fallback);
    config_expand(decoder->arena, fallback, decoder->report);
    fallback->plain = fallback->plain && fallback->variables == NULL; /* what the environment says is a text, "null" too */
    return fallback;
}

static bool decode_field(struct decoder *decoder, struct config_node *parent, const struct config_field *field, void *object)
{
    void *place = (char *)object + field->offset;
    struct config_node *node = config_node_child(parent, field->name);
    bool is_missing = node == NULL || (config_node_is_null(node) && !node->broken);
    if (is_missing && field->required && !parent->absent) {
        const char *path = config_node_path(decoder->arena, parent);
        config_report_add(decoder->report, parent->file, node == NULL ? parent->line : node->line,
                          arena_printf(decoder->arena, "%s%s%s", path, path[0] == '\0' ? "" : ".", field->name),
                          "found nothing, and it is required; allowed: %s", config_allowed(decoder->arena, field));
        return false;
    }

    if (is_missing)
        node = put_fallback(decoder, parent, node, field);
    node->field = field;
    bool is_nothing = config_node_is_null(node) && !node->broken;
    return is_nothing || decode_present(decoder, node, field, place);
}

static bool refuse_unknown(struct decoder *decoder, struct config_node *node, const struct config_schema *schema)
{
    const struct config_field *nearest = config_field_nearest(schema, node->name);
    if (nearest != NULL)
        config_report_node(decoder->report, node, "found an unknown key; did you mean \"%s\"?", nearest->name);
    else
        config_report_node(decoder->report, node, "found an unknown key; allowed: %s", config_field_names(decoder->arena, schema));
    return false;
}

static bool check_keys(struct decoder *decoder, struct config_node *node, const struct config_schema *schema)
{
    bool known = true;
    config_each_child(child, node)
    {
        if (config_field_find(schema, child->name) == NULL)
            known = refuse_unknown(decoder, child, schema);
    }
    return known;
}

/* Links the children anew: the schema's fields in its order, nothing else. */
static void sort_children(struct config_node *node, const struct config_schema *schema)
{
    struct config_node sorted = { 0 };
    for (const struct config_field *field = schema->fields; field->name != NULL; field++) {
        struct config_node **link = &node->first;
        while (*link != NULL && strcmp((*link)->name, field->name) != 0)
            link = &(*link)->next;
        struct config_node *child = *link;
        if (child == NULL)
            continue;
        *link = child->next;
        config_node_add(&sorted, child);
        child->parent = node;
    }
    node->first = sorted.first;
    node->last = sorted.last;
    node->count = sorted.count;
}

static bool check(struct decoder *decoder, const struct config_node *node, const struct config_schema *schema, const void *object)
{
    size_t before = decoder->report->count;
    struct config_place place = { .file = node->file, .line = node->line, .path = config_node_path(decoder->arena, node) };
    schema->check(object, &place, decoder->report);
    return decoder->report->count == before;
}

static bool decode_struct(struct decoder *decoder, struct config_node *node, const struct config_schema *schema, void *object)
{
    if (node->broken)
        return false;
    if (node->kind != CONFIG_MAPPING)
        return refuse(decoder, node, config_allowed_struct(decoder->arena, schema));

    if (schema->present_offset != 0)
        *(bool *)((char *)object + schema->present_offset) = !node->absent;
    bool whole = check_keys(decoder, node, schema);
    for (const struct config_field *field = schema->fields; field->name != NULL; field++)
        whole &= decode_field(decoder, node, field, object);
    sort_children(node, schema);
    if (!whole || schema->check == NULL || config_shown_absent(node))
        return whole;
    return check(decoder, node, schema, object);
}

void config_decode(struct arena *arena, struct config_node *root, const struct config_schema *schema, void *object,
                   struct config_report *report)
{
    struct decoder decoder = { .arena = arena, .report = report };
    memset(object, 0, schema->size);
    decode_struct(&decoder, root, schema, object);
}
