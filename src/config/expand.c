#include "base/utf8.h"
#include "config/reading.h"
#include "config/report.h"

#include <stdlib.h>
#include <string.h>

struct expansion {
    struct arena *arena;
    struct config_report *report;
    size_t total; /* bytes that came from variables, all nodes together */
    bool skip;    /* inside of a default that is not wanted: it is read for its end only */
    const char *ignored; /* ",A,B,": as if they were not set */
    struct config_node *node;
    struct buffer text;      /* the value so far */
    struct buffer variables; /* "A, B" */
};

static const char *expand_until(struct expansion *expansion, const char *at, bool nested, unsigned depth);

static bool is_name(char c, bool first)
{
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (!first && c >= '0' && c <= '9');
}

static struct text name_at(const char *at)
{
    size_t size = 0;
    while (is_name(at[size], size == 0))
        size++;
    return (struct text){ at, size };
}

/* NULL: it is not set. */
static const char *value_of(const struct expansion *expansion, struct text name)
{
    const char *word = arena_printf(expansion->arena, ",%.*s,", TEXT_ARG(name));
    if (strstr(expansion->ignored, word) != NULL)
        return NULL;
    return getenv(arena_strndup(expansion->arena, name.data, name.size));
}

static const char *fail(struct expansion *expansion, const char *message)
{
    config_report_node(expansion->report, expansion->node, "%s", message);
    return NULL;
}

static const char *wrong_form(struct expansion *expansion, const char *at)
{
    size_t size = strcspn(at, "}\r\n");
    return fail(expansion,
                arena_printf(expansion->arena, "found %.*s%s; allowed: ${NAME} or ${NAME:-default}, and $${ for the characters ${",
                             (int)(size < 40 ? size : 40), at, at[size] == '}' && size < 40 ? "}" : "..."));
}

#define VARIABLES_SHOWN 100 /* bytes of names that a message repeats */

/* Appends a variable's value, and remembers that it came from there. */
static bool take_value(struct expansion *expansion, struct text name, const char *value)
{
    size_t size = strlen(value);
    expansion->total += size;
    if (expansion->total > CONFIG_EXPANDED_MAX) {
        fail(expansion, "the values of variables grow beyond 1 MiB");
        return false;
    }
    if (!utf8_valid(value, size)) {
        fail(expansion, arena_printf(expansion->arena, "the value of %.*s is no UTF-8 text", TEXT_ARG(name)));
        return false;
    }
    buffer_append(&expansion->text, value, size);
    if (expansion->variables.size > VARIABLES_SHOWN)
        return true;
    if (expansion->variables.size > 0)
        buffer_string(&expansion->variables, ", ");
    buffer_text(&expansion->variables, name);
    return true;
}

/* `at` is behind the name and its ":-". */
static const char *with_default(struct expansion *expansion, const char *at, struct text name, unsigned depth)
{
    const char *value = value_of(expansion, name);
    if (value == NULL || value[0] == '\0')
        return expand_until(expansion, at, true, depth + 1);

    bool outer = expansion->skip;
    if (!outer && !take_value(expansion, name, value))
        return NULL;
    expansion->skip = true;
    const char *end = expand_until(expansion, at, true, depth + 1);
    expansion->skip = outer;
    return end;
}

static const char *not_set(struct expansion *expansion, struct text name)
{
    return fail(expansion, arena_printf(expansion->arena,
                                        "the environment variable %.*s is not set, and ${%.*s} has no default as in ${%.*s:-default}",
                                        TEXT_ARG(name), TEXT_ARG(name), TEXT_ARG(name)));
}

/* `at` is at a "${". Returns what follows the closing brace. */
static const char *variable(struct expansion *expansion, const char *at, unsigned depth)
{
    if (depth > CONFIG_EXPAND_DEPTH_MAX)
        return fail(expansion, "found defaults within defaults more than 8 deep");
    struct text name = name_at(at + 2);
    const char *rest = name.data + name.size;
    if (name.size > 0 && strncmp(rest, ":-", 2) == 0)
        return with_default(expansion, rest + 2, name, depth);
    if (name.size == 0 || *rest != '}')
        return wrong_form(expansion, at);
    if (expansion->skip)
        return rest + 1;

    const char *value = value_of(expansion, name);
    if (value == NULL)
        return not_set(expansion, name);
    return take_value(expansion, name, value) ? rest + 1 : NULL;
}

static void append(struct expansion *expansion, const char *data, size_t size)
{
    if (!expansion->skip)
        buffer_append(&expansion->text, data, size);
}

/* Up to the end, or in a default up to its brace, whose successor is returned. NULL: a mistake. */
static const char *expand_until(struct expansion *expansion, const char *at, bool nested, unsigned depth)
{
    const char *start = at;
    while (*at != '\0') {
        if (nested && *at == '}')
            return at + 1;
        if (strncmp(at, "$${", 3) == 0) {
            append(expansion, "${", 2);
            at += 3;
        } else if (strncmp(at, "${", 2) == 0) {
            at = variable(expansion, at, depth);
            if (at == NULL)
                return NULL;
        } else {
            append(expansion, at++, 1);
        }
    }
    if (!nested)
        return at;
    return fail(expansion, arena_printf(expansion->arena, "found ${...:-%.40s without its closing brace", start));
}

static void expand_scalar(struct expansion *expansion, struct config_node *node)
{
    if (node->broken || strstr(node->text, "${") == NULL)
        return;
    expansion->node = node;
    buffer_clear(&expansion->text);
    buffer_clear(&expansion->variables);
    if (expand_until(expansion, node->text, false, 0) == NULL)
        return;

    const struct buffer *variables = &expansion->variables;
    node->text = arena_strndup(expansion->arena, buffer_as_text(&expansion->text).data, expansion->text.size);
    node->variables = variables->size == 0 ? NULL : arena_strndup(expansion->arena, variables->data, variables->size);
}

static void expand_node(struct expansion *expansion, struct config_node *node)
{
    if (node->kind == CONFIG_SCALAR)
        expand_scalar(expansion, node);
    config_each_child(child, node)
    {
        expand_node(expansion, child);
    }
}

void config_expand(struct arena *arena, struct config_node *root, struct config_report *report)
{
    struct expansion expansion = { .arena = arena, .report = report, .ignored = "" };
    expand_node(&expansion, root);
    buffer_free(&expansion.text);
    buffer_free(&expansion.variables);
}

void config_expand_without(struct arena *arena, struct config_node *scalar, const char *text, struct config_report *report)
{
    scalar->ignored = arena_printf(arena, "%s,%s,", scalar->ignored == NULL ? "" : scalar->ignored, scalar->variables);
    scalar->text = text;
    struct expansion expansion = { .arena = arena, .report = report, .ignored = scalar->ignored };
    expand_scalar(&expansion, scalar);
    buffer_free(&expansion.text);
    buffer_free(&expansion.variables);
}
