#include "base/config_quote.h"
#include "base/config_shown.h"

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
        config_quote_value(printer->out, config_shown_text(&printer->arena, node, field), config_shown_typed(node, field));
    else
        buffer_string(printer->out, node->kind == CONFIG_SEQUENCE ? "[]" : "{}");
    print_remark(printer, node);
}

static void print_member(struct printer *printer, const struct config_node *node, const struct config_field *field, unsigned depth)
{
    indent(printer, depth);
    config_quote_key(printer->out, node->name);
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
