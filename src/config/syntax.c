
#include "config/syntax.h"

#include <stdbool.h>
#include <string.h>

static struct text line_at(struct text yaml, size_t line)
{
    const char *at = yaml.data;
    const char *end = yaml.data + yaml.size;
    for (const char *newline; line > 0 && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL; line--)
        at = newline + 1;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return (struct text){ at, (size_t)((newline == NULL ? end : newline) - at) };
}

/* The mistakes that YAML's own words explain badly. */
static const char *hint(struct text line, const char *context)
{
    size_t blank = 0;
    while (blank < line.size && (line.data[blank] == ' ' || line.data[blank] == '\t'))
        blank++;
    if (memchr(line.data, '\t', blank) != NULL)
        return "; the line begins with a tab, allowed: spaces";
    bool in_flow = context != NULL && strstr(context, "flow") != NULL;
    if (in_flow && memmem(line.data, line.size, "${", 2) != NULL)
        return "; a value with ${...} needs quotes inside of { } and [ ]";
    return "";
}

static const char *wrong_bytes(struct arena *arena, const yaml_parser_t *parser, struct text yaml, size_t *line)
{
    *line = 0;
    for (size_t i = 0; i < parser->problem_offset && i < yaml.size; i++)
        *line += yaml.data[i] == '\n';
    return arena_printf(arena, "found byte 0x%02x; allowed: UTF-8 text (%s)", (unsigned)parser->problem_value & 0xff, parser->problem);
}

const char *config_syntax_sentence(struct arena *arena, const yaml_parser_t *parser, struct text yaml, unsigned first_line, size_t *line)
{
    if (parser->error == YAML_READER_ERROR)
        return wrong_bytes(arena, parser, yaml, line);

    *line = parser->problem_mark.line;
    size_t begin = parser->context_mark.line;
    const char *problem = parser->problem == NULL ? "not enough memory" : parser->problem;
    const char *context = parser->context == NULL ? "" : arena_printf(arena, " %s", parser->context);
    const char *advice = hint(line_at(yaml, *line), parser->context);
    if (context[0] == '\0' || first_line == 0 || begin == *line)
        return arena_printf(arena, "this is not YAML: %s%s%s", problem, context, advice);
    return arena_printf(arena, "this is not YAML: %s%s from line %zu%s", problem, context, first_line + begin, advice);
}
