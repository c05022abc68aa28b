#include "base/config_json.h"
#include "base/config_shown.h"

#include <ctype.h>
#include <string.h>

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

/* No YAML reader sees anything but this word in it, in any place. */
static bool is_word(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || strchr("-.+", text[0]) != NULL)
        return size > 1 && isdigit((unsigned char)text[1]) && strspn(text + 1, "0123456789.eE") == size - 1;
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr(i == 0 ? "_/$" : "_/$.:+-", text[i]) == NULL)
            return false;
    }
    return text[size - 1] != ':';
}

/* `${` as `$${`: what is printed is read again without expansion. */
static const char *escape(struct printer *printer, const char *text)
{
    if (strstr(text, "${") == NULL)
        return text;
    struct buffer escaped = { 0 };
    for (; *text != '\0'; text++) {
        if (strncmp(text, "${", 2) == 0)
            buffer_char(&escaped, '$');
        buffer_char(&escaped, *text);
    }
    const char *copy = arena_strndup(&printer->arena, escaped.data, escaped.size);
    buffer_free(&escaped);
    return copy;
}

static void print_text(struct printer *printer, const char *text, bool plain)
{
    if (is_word(text) && (plain || config_core_of(text) == CONFIG_CORE_TEXT))
        buffer_string(printer->out, text);
    else
        buffer_json_string(printer->out, text_of(escape(printer, text)));
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
        print_text(printer, config_shown_text(&printer->arena, node, field), node->plain);
    else
        buffer_string(printer->out, node->kind == CONFIG_SEQUENCE ? "[]" : "{}");
    print_remark(printer, node);
}

static void print_member(struct printer *printer, const struct config_node *node, const struct config_field *field, unsigned depth)
{
    indent(printer, depth);
    print_text(printer, node->name, true);
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
