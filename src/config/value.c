#include "config/reading.h"
#include "config/report.h"
#include "config/schema.h"
#include "config/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECRET_MAX 65536 /* bytes of a secret's file; a certificate chain is about 10,000 */

static bool within(const struct config_field *field, double value)
{
    if (field->min == 0 && field->max == 0)
        return true;
    return value >= field->min && value <= field->max;
}

/* Does the environment say it, without the file asking? Such names are OpenTelemetry's, and their values as its specification has them
 * ("SDK configuration"): the case of a choice does not matter, and one that cannot be read is none. */
static bool is_offered(const struct config_node *node)
{
    return node->variables != NULL && strcmp(node->file, CONFIG_FROM_DEFAULT) == 0;
}

static bool read_int(const struct config_node *node, const struct config_field *field, void *place)
{
    int64_t value;
    if (!config_parse_int(node->text, &value) || !within(field, (double)value))
        return false;
    *(int64_t *)place = value;
    return true;
}

static bool read_number(const struct config_node *node, const struct config_field *field, void *place)
{
    double value;
    if (!config_parse_number(node->text, &value) || !within(field, value))
        return false;
    *(double *)place = value;
    return true;
}

static bool read_duration(const struct config_node *node, const struct config_field *field, void *place)
{
    uint64_t value;
    if (!config_parse_duration(node->text, &value) || !within(field, (double)value))
        return false;
    *(uint64_t *)place = value;
    return true;
}

static bool read_size(const struct config_node *node, const struct config_field *field, void *place)
{
    uint64_t value;
    if (!config_parse_size(node->text, &value) || !within(field, (double)value))
        return false;
    *(uint64_t *)place = value;
    return true;
}

static bool read_choice(const struct config_node *node, const struct config_field *field, void *place)
{
    int (*compare)(const char *, const char *) = is_offered(node) ? strcasecmp : strcmp;
    for (int i = 0; field->choices[i] != NULL; i++) {
        if (compare(field->choices[i], node->text) != 0)
            continue;
        *(int *)place = i;
        return true;
    }
    return false;
}

static bool read_text(const struct config_node *node, const struct config_field *field, void *place)
{
    if (field->accepts != NULL && !field->accepts(node->text))
        return false;
    *(const char **)place = node->text;
    return true;
}

static bool read_bool(const struct config_node *node, const struct config_field *field, void *place)
{
    return config_parse_bool(node->text, place);
}

typedef bool (*scalar_reader)(const struct config_node *, const struct config_field *, void *);

static const scalar_reader readers[] = {
    [CONFIG_STRING] = read_text,   [CONFIG_SECRET] = read_text,       [CONFIG_BOOL] = read_bool, [CONFIG_INT] = read_int,
    [CONFIG_NUMBER] = read_number, [CONFIG_DURATION] = read_duration, [CONFIG_SIZE] = read_size, [CONFIG_ENUM] = read_choice,
};

/* The content of a secret's file without the newline that editors put at its end. NULL: errno says why. */
static const char *read_secret(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;

    char *content = arena_alloc(arena, SECRET_MAX + 1);
    errno = 0;
    size_t size = fread(content, 1, SECRET_MAX + 1, file);
    int error = ferror(file) ? errno : size > SECRET_MAX ? EFBIG : memchr(content, '\0', size) != NULL ? EILSEQ : 0;
    fclose(file);
    errno = error;
    if (error != 0)
        return NULL;
    while (size > 0 && (content[size - 1] == '\n' || content[size - 1] == '\r'))
        size--;
    content[size] = '\0';
    return content;
}

static bool read_secret_file(struct arena *arena, struct config_node *node, const struct config_field *field, void *place,
                             struct config_report *report)
{
    struct config_node *path = config_node_child(node, "file");
    if (path == NULL || node->count != 1 || path->kind != CONFIG_SCALAR) {
        config_report_node(report, node, "found a mapping; allowed: %s", config_allowed(arena, field));
        return false;
    }
    if (path->broken)
        return false;
    const char *secret = read_secret(arena, path->text);
    if (secret == NULL)
        config_report_node(report, path, "cannot read %s: %s", config_found(arena, path), strerror(errno));
    *(const char **)place = secret;
    return secret != NULL;
}

bool config_decode_value(struct arena *arena, struct config_node *node, const struct config_field *field, void *place,
                         struct config_report *report)
{
    if (field->type == CONFIG_SECRET && node->kind == CONFIG_MAPPING)
        return read_secret_file(arena, node, field, place, report);
    if (node->kind == CONFIG_SCALAR && readers[field->type](node, field, place))
        return true;
    if (is_offered(node)) {
        config_report_warning(report, node, config_allowed(arena, field));
        config_expand_without(arena, node, field->fallback, report);
        return config_decode_value(arena, node, field, place, report);
    }
    config_report_node(report, node, "found %s; allowed: %s", config_found(arena, node), config_allowed(arena, field));
    return false;
}
