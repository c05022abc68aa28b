/* Reads libyaml's events and not its document: so a limit holds before memory is taken, and every node gets its line. */
#include "config/reading.h"
#include "config/report.h"
#include "config/syntax.h"

#include <string.h>
#include <yaml.h>

struct anchor {
    const char *name;
    const struct config_node *node;
    bool whole; /* its end was read: before that an alias of it would contain itself */
    struct anchor *next;
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct arena *arena;
    const struct config_source *source;
    struct text yaml;
    struct config_report *report;
    struct anchor *anchors; /* newest first: a name may be given again */
    size_t nodes;
    bool failed;
};

static struct config_node *read_node(struct reader *reader, struct config_node *parent, const char *name, unsigned depth);

static unsigned line_of(const struct reader *reader, size_t line)
{
    return reader->source->line == 0 ? 0 : reader->source->line + (unsigned)line;
}

/* One that ends the reading. */
#define FATAL(reader, line, ...)                                                                                                   \
    do {                                                                                                                           \
        config_report_add((reader)->report, (reader)->source->file, line_of(reader, line), (reader)->source->prefix, __VA_ARGS__); \
        (reader)->failed = true;                                                                                                   \
    } while (0)

static void next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event))
        return;
    size_t line;
    const char *sentence = config_syntax_sentence(reader->arena, &reader->parser, reader->yaml, reader->source->line, &line);
    FATAL(reader, line, "%s", sentence);
}

/* Counts a node, before it is made. */
static bool room(struct reader *reader, unsigned depth)
{
    size_t line = reader->event.start_mark.line;
    if (depth > CONFIG_DEPTH_MAX)
        FATAL(reader, line, "found more than %d levels; allowed: %d", CONFIG_DEPTH_MAX, CONFIG_DEPTH_MAX);
    else if (++reader->nodes > CONFIG_NODES_MAX)
        FATAL(reader, line, "found more than %d values, copies by aliases included; allowed: %d", CONFIG_NODES_MAX, CONFIG_NODES_MAX);
    return !reader->failed;
}

static struct anchor *add_anchor(struct reader *reader, const yaml_char_t *name, const struct config_node *node)
{
    if (name == NULL)
        return NULL;
    struct anchor *anchor = arena_alloc(reader->arena, sizeof(*anchor));
    anchor->name = arena_strdup(reader->arena, (const char *)name);
    anchor->node = node;
    anchor->next = reader->anchors;
    reader->anchors = anchor;
    return anchor;
}

static const struct anchor *find_anchor(const struct reader *reader, const char *name)
{
    const struct anchor *anchor = reader->anchors;
    while (anchor != NULL && strcmp(anchor->name, name) != 0)
        anchor = anchor->next;
    return anchor;
}

static struct config_node *add_node(struct reader *reader, struct config_node *parent, const char *name, enum config_kind kind)
{
    unsigned line = line_of(reader, reader->event.start_mark.line);
    struct config_node *node = config_node_new(reader->arena, kind, reader->source->file, line);
    node->name = name;
    node->text = "";
    if (parent != NULL)
        config_node_add(parent, node);
    return node;
}

static void refuse_tag(struct reader *reader, struct config_node *node, const yaml_char_t *tag)
{
    if (tag != NULL)
        config_report_node(reader->report, node, "found the tag %.40s; allowed: values without tags", (const char *)tag);
}

static struct config_node *copy(struct reader *reader, const struct config_node *original, struct config_node *parent, const char *name,
                                unsigned depth)
{
    if (!room(reader, depth))
        return NULL;
    struct config_node *node = arena_alloc(reader->arena, sizeof(*node));
    *node = *original;
    node->name = name;
    node->parent = node->first = node->last = node->next = NULL;
    node->count = 0;
    if (parent != NULL)
        config_node_add(parent, node);
    config_each_child(child, original)
    {
        if (copy(reader, child, node, child->name, depth + 1) == NULL)
            return NULL;
    }
    return node;
}

static struct config_node *read_alias(struct reader *reader, struct config_node *parent, const char *name, unsigned depth)
{
    const char *alias = (const char *)reader->event.data.alias.anchor;
    const struct anchor *anchor = find_anchor(reader, alias);
    if (anchor != NULL && anchor->whole)
        return copy(reader, anchor->node, parent, name, depth);

    struct config_node *node = add_node(reader, parent, name, CONFIG_SCALAR);
    if (anchor == NULL)
        config_report_node(reader->report, node, "found *%.40s, but no &%.40s stands before it", alias, alias);
    else
        config_report_node(reader->report, node, "found *%.40s inside of what it names", alias);
    return node;
}

static struct config_node *read_scalar(struct reader *reader, struct config_node *parent, const char *name)
{
    struct config_node *node = add_node(reader, parent, name, CONFIG_SCALAR);
    const char *value = (const char *)reader->event.data.scalar.value;
    size_t length = reader->event.data.scalar.length;
    node->text = arena_strndup(reader->arena, value, length);
    node->plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (strlen(node->text) != length)
        config_report_node(reader->report, node, "found a NUL character; allowed: text");
    refuse_tag(reader, node, reader->event.data.scalar.tag);

    struct anchor *anchor = add_anchor(reader, reader->event.data.scalar.anchor, node);
    if (anchor != NULL)
        anchor->whole = true;
    return node;
}

static struct config_node *read_sequence(struct reader *reader, struct config_node *parent, const char *name, unsigned depth)
{
    struct config_node *node = add_node(reader, parent, name, CONFIG_SEQUENCE);
    refuse_tag(reader, node, reader->event.data.sequence_start.tag);
    struct anchor *anchor = add_anchor(reader, reader->event.data.sequence_start.anchor, node);

    for (next(reader); !reader->failed && reader->event.type != YAML_SEQUENCE_END_EVENT; next(reader))
        read_node(reader, node, NULL, depth + 1);
    if (anchor != NULL)
        anchor->whole = true;
    return node;
}

/* The key at the event as a text of its own, or NULL with a mistake. What is no text is read to its end. */
static const char *read_key(struct reader *reader, struct config_node *mapping, unsigned depth)
{
    unsigned line = line_of(reader, reader->event.start_mark.line);
    struct config_node *key = read_node(reader, NULL, NULL, depth);
    if (reader->failed)
        return NULL;
    const char *path = config_node_path(reader->arena, mapping);
    if (key->kind != CONFIG_SCALAR)
        config_report_add(reader->report, reader->source->file, line, path, "found a %s as a key; allowed: a text",
                          key->kind == CONFIG_MAPPING ? "mapping" : "list");
    else if (strlen(key->text) > CONFIG_KEY_MAX)
        config_report_add(reader->report, reader->source->file, line, path, "found a key of %zu bytes; allowed: %d", strlen(key->text),
                          CONFIG_KEY_MAX);
    else
        return key->text;
    return NULL;
}

static void refuse_second(struct reader *reader, const struct config_node *first, unsigned line)
{
    const char *path = config_node_path(reader->arena, first);
    if (line == 0)
        config_report_add(reader->report, reader->source->file, 0, path, "found the key a second time");
    else
        config_report_add(reader->report, reader->source->file, line, path, "found the key a second time; it stands on line %u already",
                          first->line);
}

static void read_pair(struct reader *reader, struct config_node *mapping, unsigned depth)
{
    unsigned line = line_of(reader, reader->event.start_mark.line);
    const char *key = read_key(reader, mapping, depth);
    if (reader->failed)
        return;

    struct config_node *first = key == NULL ? NULL : config_node_child(mapping, key);
    next(reader);
    if (reader->failed)
        return;
    if (key != NULL && first == NULL) {
        read_node(reader, mapping, key, depth);
        return;
    }

    read_node(reader, NULL, NULL, depth);
    if (first != NULL)
        refuse_second(reader, first, line);
}

static struct config_node *read_mapping(struct reader *reader, struct config_node *parent, const char *name, unsigned depth)
{
    struct config_node *node = add_node(reader, parent, name, CONFIG_MAPPING);
    refuse_tag(reader, node, reader->event.data.mapping_start.tag);
    struct anchor *anchor = add_anchor(reader, reader->event.data.mapping_start.anchor, node);

    for (next(reader); !reader->failed && reader->event.type != YAML_MAPPING_END_EVENT; next(reader))
        read_pair(reader, node, depth + 1);
    if (anchor != NULL)
        anchor->whole = true;
    return node;
}

static struct config_node *read_node(struct reader *reader, struct config_node *parent, const char *name, unsigned depth)
{
    if (reader->event.type == YAML_ALIAS_EVENT)
        return read_alias(reader, parent, name, depth);
    if (!room(reader, depth))
        return NULL;
    if (reader->event.type == YAML_SCALAR_EVENT)
        return read_scalar(reader, parent, name);
    if (reader->event.type == YAML_SEQUENCE_START_EVENT)
        return read_sequence(reader, parent, name, depth);
    return read_mapping(reader, parent, name, depth);
}

static void skip_to(struct reader *reader, yaml_event_type_t type)
{
    while (!reader->failed && reader->event.type != type && reader->event.type != YAML_STREAM_END_EVENT)
        next(reader);
}

static struct config_node *read_document(struct reader *reader)
{
    skip_to(reader, YAML_DOCUMENT_START_EVENT);
    if (reader->failed)
        return NULL;

    if (reader->event.type == YAML_STREAM_END_EVENT) {
        struct config_node *nothing = add_node(reader, NULL, reader->source->prefix, CONFIG_SCALAR);
        nothing->plain = true;
        return nothing;
    }

    next(reader);
    if (reader->failed)
        return NULL;
    struct config_node *root = read_node(reader, NULL, reader->source->prefix, 0);
    if (reader->failed)
        return NULL;
    next(reader);
    skip_to(reader, YAML_DOCUMENT_START_EVENT);
    if (!reader->failed && reader->event.type == YAML_DOCUMENT_START_EVENT)
        FATAL(reader, reader->event.start_mark.line, "found a second document; allowed: one");
    return reader->failed ? NULL : root;
}

struct config_node *config_parse(struct arena *arena, const struct config_source *source, struct text yaml, struct config_report *report)
{
    struct reader reader = { .arena = arena, .source = source, .yaml = yaml, .report = report };
    yaml_parser_initialize(&reader.parser);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    const char *input = yaml.data == NULL ? "" : yaml.data; /* libyaml asserts that there is one */
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)input, yaml.size);

    struct config_node *root = read_document(&reader);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return root;
}
