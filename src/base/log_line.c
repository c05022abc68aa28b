#include "base/log_line.h"

#include "base/clock.h"

#include <string.h>

#define ECS_VERSION "8.11.0"

static const struct {
    const char *name;
    const char *column;
} levels[LOG_LEVELS] = {
    [LOG_DEBUG] = { "debug", "DEBUG" },
    [LOG_INFO] = { "info", "INFO " },
    [LOG_WARN] = { "warn", "WARN " },
    [LOG_ERROR] = { "error", "ERROR" },
};

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
}

static void append_time(struct buffer *out)
{
    char time[CLOCK_RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(), time);
    buffer_string(out, time);
}

/* ---- ids: those of the innermost scope that has them */

static struct text request_id(const struct log_scope *scope)
{
    while (scope != NULL && scope->request_id.size == 0)
        scope = scope->around;
    return scope == NULL ? TEXT_NONE : scope->request_id;
}

static struct text trace_id(const struct log_scope *scope)
{
    while (scope != NULL && scope->trace_id.size == 0)
        scope = scope->around;
    return scope == NULL ? TEXT_NONE : scope->trace_id;
}

/* ---- JSON */

static void json_text(struct buffer *out, const char *name, struct text value)
{
    if (value.size == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_json_string(out, value);
}

static void json_field(struct buffer *out, const struct log_field *field)
{
    if (field->type == LOG_FIELD_TEXT) {
        json_text(out, field->name, field->text);
        return;
    }
    const char *quote = field->type == LOG_FIELD_ID ? "\"" : "";
    buffer_printf(out, ",\"%s\":%s%lld%s", field->name, quote, (long long)field->number, quote);
}

static bool has_field(const struct log_scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->field_count; i++)
        if (strcmp(scope->fields[i].name, name) == 0)
            return true;
    return false;
}

/* Is it told by a scope within this one? Handfuls of fields, two or three scopes. */
static bool is_hidden(const struct log_scope *innermost, const struct log_scope *scope, const char *name)
{
    for (; innermost != scope; innermost = innermost->around)
        if (has_field(innermost, name))
            return true;
    return false;
}

static void json_fields(struct buffer *out, const struct log_scope *innermost)
{
    for (const struct log_scope *scope = innermost; scope != NULL; scope = scope->around)
        for (size_t i = 0; i < scope->field_count; i++)
            if (!is_hidden(innermost, scope, scope->fields[i].name))
                json_field(out, &scope->fields[i]);
}

void log_line_json(struct buffer *out, const struct log_line *line)
{
    buffer_string(out, "{\"@timestamp\":\"");
    append_time(out);
    buffer_printf(out, "\",\"log.level\":\"%s\",\"message\":", levels[line->level].name);
    buffer_json_string(out, text_of(line->message));
    buffer_string(out, ",\"ecs.version\":\"" ECS_VERSION "\"");
    json_text(out, "log.logger", text_of(line->component));
    json_text(out, "http.request.id", request_id(line->scope));
    json_text(out, "trace.id", trace_id(line->scope));
    json_fields(out, line->scope);
    if (line->left_out > 0)
        buffer_printf(out, ",\"millrace.left_out\":%u", line->left_out);
    buffer_string(out, "}\n");
}

/* ---- text */

static void text_field(struct buffer *out, const char **separator, const char *name, struct text value)
{
    if (value.size == 0)
        return;
    buffer_printf(out, "%s%s=", *separator, name);
    buffer_printable(out, value);
    *separator = ", ";
}

void log_line_text(struct buffer *out, const struct log_line *line)
{
    const char *separator = " (";
    append_time(out);
    buffer_printf(out, " %s %s: ", levels[line->level].column, line->component);
    buffer_printable(out, text_of(line->message));
    text_field(out, &separator, "request", request_id(line->scope));
    text_field(out, &separator, "trace", trace_id(line->scope));
    if (line->left_out > 0) {
        buffer_printf(out, "%s%u like it left out", separator, line->left_out);
        separator = ", ";
    }
    buffer_string(out, separator[0] == ',' ? ")\n" : "\n");
}
