
#include "config/report.h"

#include "config/shown.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void config_report_init(struct config_report *report, struct arena *arena)
{
    *report = (struct config_report){ .arena = arena };
}

/* By line; what has none (--set, a file that cannot be read) comes last. */
static bool comes_before(const struct config_mistake *left, const struct config_mistake *right)
{
    return left->line - 1 < right->line - 1; /* unsigned: line 0 is the largest */
}

static void insert(struct config_report *report, struct config_mistake mistake)
{
    size_t at = report->count++;
    while (at > 0 && comes_before(&mistake, &report->mistakes[at - 1])) {
        report->mistakes[at] = report->mistakes[at - 1];
        at--;
    }
    report->mistakes[at] = mistake;
}

__attribute__((format(printf, 3, 0))) static void add(struct config_report *report, const struct config_place *place, const char *format,
                                                      va_list args)
{
    if (report->count == CONFIG_MISTAKES_MAX)
        return;
    if (report->mistakes == NULL)
        report->mistakes = arena_alloc(report->arena, CONFIG_MISTAKES_MAX * sizeof(*report->mistakes));
    insert(report, (struct config_mistake){
                       .file = place->file,
                       .line = place->line,
                       .path = arena_strdup(report->arena, place->path == NULL ? "" : place->path),
                       .message = arena_vprintf(report->arena, format, args),
                   });
}

void config_mistake(struct config_report *report, const struct config_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(report, place, format, args);
    va_end(args);
}

/* The node of a part, or NULL if it is a default, which stands on no line; unless the environment has filled it. */
static const struct config_node *find_part(const struct config_report *report, const char *path)
{
    const struct config_node *node = report->root == NULL ? NULL : config_node_find(report->root, path);
    bool is_default = node != NULL && node->variables == NULL && strcmp(node->file, CONFIG_FROM_DEFAULT) == 0;
    return is_default ? NULL : node;
}

void config_mistake_at(struct config_report *report, const struct config_place *place, const char *part, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(report->arena, format, args);
    va_end(args);

    const char *dot = place->path[0] == '\0' ? "" : ".";
    const char *path = arena_printf(report->arena, "%s%s%s", place->path, dot, part);
    const struct config_node *node = find_part(report, path);
    if (node == NULL)
        config_report_add(report, place->file, place->line, path, "%s", message);
    else if (node->variables == NULL)
        config_report_add(report, node->file, node->line, path, "%s", message);
    else
        config_report_add(report, node->file, node->line, path, "%s (from %s)", message, node->variables);
}

void config_check_file(struct config_report *report, const struct config_place *place, const char *part, const char *path)
{
    if (path != NULL && access(path, R_OK) != 0)
        config_mistake_at(report, place, part, "cannot read \"%s\": %s", path, strerror(errno));
}

void config_report_add(struct config_report *report, const char *file, unsigned line, const char *path, const char *format, ...)
{
    struct config_place place = { .file = file, .line = line, .path = path };
    va_list args;
    va_start(args, format);
    add(report, &place, format, args);
    va_end(args);
}

void config_report_node(struct config_report *report, struct config_node *node, const char *format, ...)
{
    if (node->broken)
        return;
    node->broken = true;
    struct config_place place = { .file = node->file, .line = node->line, .path = config_node_path(report->arena, node) };
    va_list args;
    va_start(args, format);
    add(report, &place, format, args);
    va_end(args);
}

void config_report_warning(struct config_report *report, const struct config_node *node, const char *allowed)
{
    if (report->warning_count == CONFIG_WARNINGS_MAX)
        return;
    if (report->warnings == NULL)
        report->warnings = arena_alloc(report->arena, CONFIG_WARNINGS_MAX * sizeof(*report->warnings));
    report->warnings[report->warning_count++] = (struct config_mistake){
        .file = node->file,
        .path = config_node_path(report->arena, node),
        .message = arena_printf(report->arena, "found %s, which is ignored; allowed: %s", config_found(report->arena, node), allowed),
    };
}

#define FOUND_MAX 80 /* bytes of a value that a message repeats */

static size_t cut(const char *text)
{
    size_t size = strlen(text);
    if (size <= FOUND_MAX)
        return size;
    size = FOUND_MAX;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) /* not inside of a UTF-8 sequence */
        size--;
    return size;
}

const char *config_found(struct arena *arena, const struct config_node *node)
{
    if (node->kind == CONFIG_MAPPING)
        return "a mapping";
    if (node->kind == CONFIG_SEQUENCE)
        return "a list";
    if (config_node_is_null(node) && node->variables == NULL)
        return "nothing";

    struct buffer quoted = { 0 };
    const char *text = config_conceal(arena, node->text);
    size_t size = cut(text);
    buffer_json_string(&quoted, (struct text){ text, size });
    buffer_string(&quoted, text[size] == '\0' ? "" : "...");
    if (node->variables != NULL)
        buffer_printf(&quoted, " (from %s)", node->variables);
    const char *found = arena_strndup(arena, quoted.data, quoted.size);
    buffer_free(&quoted);
    return found;
}

static void print(const struct config_mistake *mistakes, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct config_mistake *mistake = &mistakes[i];
        buffer_string(out, mistake->file);
        if (mistake->line > 0)
            buffer_printf(out, ":%u", mistake->line);
        if (mistake->path[0] != '\0') {
            buffer_string(out, ": ");
            buffer_printable(out, text_of(mistake->path));
        }
        buffer_printf(out, ": %s\n", mistake->message);
    }
}

void config_report_print(const struct config_report *report, struct buffer *out)
{
    print(report->mistakes, report->count, out);
    print(report->warnings, report->warning_count, out);
}
