#include "base/utf8.h"
#include "config/json.h"
#include "config/shown.h"

#include <ctype.h>
#include <string.h>

/* No YAML reader sees anything but this word in it, in any place. */
static bool is_word(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr(i == 0 ? "_/$" : "_/$.:+-", text[i]) == NULL)
            return false;
    }
    return size > 0 && text[size - 1] != ':';
}

/* Characters that YAML wants escaped and JSON does not: DEL, C1, line breaks beyond ASCII, the byte order mark (YAML 1.2, 5.1). */
static bool is_special(uint32_t code)
{
    return (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff;
}

static void append_escaped(struct buffer *out, struct text json)
{
    for (size_t i = 0, size = 0; i < json.size; i += size) {
        size = utf8_length(json.data + i, json.size - i);
        uint32_t code = utf8_code(json.data + i, size);
        if (is_special(code))
            buffer_printf(out, "\\u%04x", code);
        else
            buffer_append(out, json.data + i, size);
    }
}

static void append_quoted(struct buffer *out, struct text text)
{
    struct buffer json = { 0 };
    buffer_json_string(&json, text);
    append_escaped(out, buffer_as_text(&json));
    buffer_free(&json);
}

static void append_protected(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, "${", 2) == 0)
            buffer_char(out, '$');
        buffer_char(out, *text);
    }
}

/* As it is where it is a plain word, else in double quotes. The text is UTF-8. */
static void print_key(struct buffer *out, const char *text)
{
    if (is_word(text))
        buffer_string(out, text);
    else
        append_quoted(out, text_of(text));
}

/* `plain`: it may be taken for a number, truth or null, for it is one. `${` becomes `$${`, since what is printed is read
 * again with expansion; keys are not expanded. */
static void print_value(struct buffer *out, const char *text, bool plain)
{
    bool is_text = config_core_of(text) == CONFIG_CORE_TEXT;
    if (is_text ? is_word(text) : plain) {
        buffer_string(out, text);
        return;
    }
    struct buffer protected = { 0 };
    append_protected(&protected, text);
    append_quoted(out, buffer_as_text(&protected));
    buffer_free(&protected);
}

struct printer {
    struct buffer *out;
    struct arena arena;
    bool behind_dash; /* the first key of a mapping in a list stands on the dash's line */
};

static void print_children(struct printer *printer, const struct config_node *node, const struct config_field *field, unsigned depth);

static void indent(struct printer *printer, unsigned depth)
{
    if (!printer->behind_dash)
        buffer_printf(printer->out, "%*s", (int)depth * 2, "");
    printer->behind_dash = false;
}

static void print_remark(struct printer *printer, const struct config_node *node)
{
    if (node->variables != NULL)
        buffer_printf(printer->out, "  # from %s", node->variables);
    else if (strcmp(node->file, CONFIG_FROM_DEFAULT) == 0)
        buffer_string(printer->out, "  # default");
    else if (strcmp(node->file, CONFIG_FROM_OVERRIDE) == 0)
        buffer_string(printer->out, "  # --set");
    buffer_char(printer->out, '\n');
}

static bool is_on_line(const struct config_node *node)
{
    return node->kind == CONFIG_SCALAR || node->count == 0 || config_shown_absent(node);
}

static void print_on_line(struct printer *printer, const struct config_node *node, const struct config_field *field)
{
    if (config_shown_absent(node) || config_node_is_null(node))
        buffer_string(printer->out, "null");
    else if (node->kind == CONFIG_SCALAR)
        print_value(printer->out, config_shown_text(&printer->arena, node, field), config_shown_typed(node, field));
    else
        buffer_string(printer->out, node->kind == CONFIG_SEQUENCE ? "[]" : "{}");
    print_remark(printer, node);
}

static void print_member(struct printer *printer, const struct config_node *node, const struct config_field *field, unsigned depth)
{
    indent(printer, depth);
    print_key(printer->out, node->name);
    buffer_char(printer->out, ':');
    if (is_on_line(node)) {
        buffer_char(printer->out, ' ');
        print_on_line(printer, node, field);
        return;
    }
    buffer_char(printer->out, '\n');
    print_children(printer, node, field, depth + 1);
}

static void print_item(struct printer *printer, const struct config_node *node, const struct config_field *field, unsigned depth)
{
    indent(printer, depth);
    buffer_string(printer->out, "- ");
    if (is_on_line(node)) {
        print_on_line(printer, node, field);
        return;
    }
    printer->behind_dash = true;
    print_children(printer, node, field, depth + 1);
}

static void print_children(struct printer *printer, const struct config_node *node, const struct config_field *field, unsigned depth)
{
    config_each_child(child, node)
    {
        const struct config_field *nearest = child->field == NULL ? field : child->field;
        if (node->kind == CONFIG_SEQUENCE)
            print_item(printer, child, nearest, depth);
        else
            print_member(printer, child, nearest, depth);
    }
}

void config_print(const struct config *config, struct buffer *out)
{
    struct printer printer = { .out = out };
    if (config->root != NULL)
        print_children(&printer, config->root, NULL, 0);
    arena_free(&printer.arena);
}
