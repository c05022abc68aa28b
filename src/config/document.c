/* Walks the schemas breadth first, so that a reader meets a word before its parts. */
#include "config/schema.h"

#include <ctype.h>

#define SCHEMAS_MAX 128

struct document {
    struct buffer *out;
    struct arena arena;
    const struct config_schema *schemas[SCHEMAS_MAX];
    size_t count;
};

static const char introduction[] =
    "# Configuration\n"
    "\n"
    "<!-- Made by `millrace docs configuration` from the schema tables; not edited by hand. -->\n"
    "\n"
    "One YAML file describes a system: `millrace serve -c FILE`. `millrace check -c FILE` prints what is in effect, or every mistake\n"
    "with its file, its line, what was found and what is allowed.\n"
    "\n"
    "- **Variables**: a value may hold `${NAME}` or `${NAME:-default}` (the default also when NAME is empty), nested too, expanded before\n"
    "  its type is read: `min: ${MIN_MS:-100}ms`. Inside of `{ }` and `[ ]` such a value needs quotes. `$${` means the characters `${`.\n"
    "- **On the command line**: `--set PATH=VALUE` puts a value over the file's, as in `--set pool.workers=20` or\n"
    "  `--set listen.main.routes.0.stream=jobs`. After `properties.` the rest of the path is one name. `PATH=` is the empty text,\n"
    "  `PATH=null` the default.\n"
    "- **Durations** have a unit: `500us`, `100ms`, `10s`, `5m`, `2h`. **Sizes** may have one: `900`, `64KiB`, `1MiB`, `2GiB`; `KB` and `MB`\n"
    "  count in thousands.\n"
    "- **Secrets** are a text (better `\"${NAME}\"`) or `{ file: PATH }`, and are never printed.\n"
    "- **Reload**: SIGHUP reads the file again. What is *reloadable* changes at once; other keys that differ are named in the log, and\n"
    "  need a restart. With a mistake in it, nothing changes.\n"
    "- An empty value or `null` in the file is the same as a key that is not there. An unknown key is a mistake.\n";

static void remember(struct document *document, const struct config_schema *schema)
{
    for (size_t i = 0; i < document->count; i++) {
        if (document->schemas[i] == schema)
            return;
    }
    if (document->count < SCHEMAS_MAX)
        document->schemas[document->count++] = schema;
}

/* GitHub's anchor of a heading: lower case, blanks as dashes, no other punctuation. */
static void print_anchor(struct document *document, const char *heading)
{
    for (const char *at = heading; *at != '\0'; at++) {
        if (*at == ' ')
            buffer_char(document->out, '-');
        else if (isalnum((unsigned char)*at) || *at == '-' || *at == '_')
            buffer_char(document->out, (char)tolower((unsigned char)*at));
    }
}

static void print_link(struct document *document, const struct config_schema *schema)
{
    buffer_printf(document->out, "[%s](#", schema->name);
    print_anchor(document, schema->name);
    buffer_char(document->out, ')');
}

static void print_choices(struct document *document, const struct config_field *field)
{
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        buffer_printf(document->out, "%s`%s`", choice == field->choices ? "" : ", ", *choice);
}

static void print_bounds(struct document *document, const struct config_field *field, const char *word)
{
    buffer_printf(document->out, "%s%s", word, config_bounds(&document->arena, field));
}

static void print_type(struct document *document, const struct config_field *field)
{
    struct buffer *out = document->out;
    switch (field->type) {
    case CONFIG_STRING:
        buffer_string(out, "text");
        return;
    case CONFIG_SECRET:
        buffer_string(out, "secret");
        return;
    case CONFIG_BOOL:
        buffer_string(out, "`true`, `false`");
        return;
    case CONFIG_INT:
        print_bounds(document, field, "whole number");
        return;
    case CONFIG_NUMBER:
        print_bounds(document, field, "number");
        return;
    case CONFIG_DURATION:
        print_bounds(document, field, "duration");
        return;
    case CONFIG_SIZE:
        print_bounds(document, field, "size");
        return;
    case CONFIG_ENUM:
        print_choices(document, field);
        return;
    case CONFIG_STRUCT:
        print_link(document, field->schema);
        return;
    case CONFIG_LIST:
        buffer_string(out, field->schema == NULL ? "text, or list of texts" : "list of ");
        break;
    case CONFIG_DICT:
        buffer_string(out, "by name: ");
        break;
    case CONFIG_MAP:
        buffer_string(out, "by name: text");
        return;
    case CONFIG_JSON:
        buffer_string(out, "any value");
        return;
    }
    if (field->schema != NULL)
        print_link(document, field->schema);
}

static void print_default(struct document *document, const struct config_field *field)
{
    if (field->required)
        buffer_string(document->out, "**required**");
    else if (field->fallback != NULL && field->fallback[0] != '\0')
        buffer_printf(document->out, "`%s`", field->fallback);
    else if (field->fallback != NULL)
        buffer_string(document->out, "`\"\"`");
}

/* A bar would end the cell. */
static void print_words(struct document *document, const char *words)
{
    for (; words != NULL && *words != '\0'; words++) {
        if (*words == '|')
            buffer_char(document->out, '\\');
        buffer_char(document->out, *words);
    }
}

static void print_field(struct document *document, const struct config_field *field)
{
    buffer_printf(document->out, "| `%s` | ", field->name);
    print_type(document, field);
    buffer_string(document->out, " | ");
    print_default(document, field);
    buffer_string(document->out, " | ");
    print_words(document, field->doc);
    if (field->reloadable)
        buffer_string(document->out, " *Reloadable.*");
    buffer_string(document->out, " |\n");
    if (field->schema != NULL)
        remember(document, field->schema);
}

static void print_schema(struct document *document, const struct config_schema *schema)
{
    buffer_printf(document->out, "\n## %s\n\n", schema->name);
    if (schema->doc != NULL)
        buffer_printf(document->out, "%s\n\n", schema->doc);
    if (schema->shorthand != NULL)
        buffer_printf(document->out, "May be written as one value, which is then its `%s`.\n\n", schema->shorthand);
    buffer_string(document->out, "| key | type | default | meaning |\n|---|---|---|---|\n");
    for (const struct config_field *field = schema->fields; field->name != NULL; field++)
        print_field(document, field);
}

void config_document(const struct config_schema *schema, struct buffer *out)
{
    struct document document = { .out = out };
    buffer_string(out, introduction);
    remember(&document, schema);
    for (size_t i = 0; i < document.count; i++) /* grows on the way */
        print_schema(&document, document.schemas[i]);
    arena_free(&document.arena);
}
