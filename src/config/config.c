
#include "config/config.h"

#include "base/memory.h"
#include "config/reading.h"
#include "config/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Reads to the end and not by the file's size: `-c <(generate)` is a pipe. Returns 0 or what errno says. */
static int read_all(const char *path, struct buffer *content)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno;

    size_t got;
    do {
        errno = 0;
        got = fread(buffer_reserve(content, 16384), 1, 16384, file);
        buffer_grow(content, got);
    } while (got > 0 && content->size <= CONFIG_FILE_MAX);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    return error;
}

static struct config_node *parse_text(struct config *config, const char *name, struct text text, struct config_report *report)
{
    const struct config_source source = { .file = arena_strdup(&config->arena, name), .prefix = "", .line = 1 };
    struct config_node *root = config_parse(&config->arena, &source, text, report);
    if (root == NULL || !config_node_is_null(root) || root->broken)
        return root;
    return config_node_new(&config->arena, CONFIG_MAPPING, source.file, 1);
}

static struct config_node *parse_file(struct config *config, const char *file, struct config_report *report)
{
    struct buffer content = { 0 };
    struct config_node *root = NULL;
    const char *name = arena_strdup(&config->arena, file);

    int error = read_all(file, &content);
    if (error != 0)
        config_report_add(report, name, 0, "", "cannot be read: %s", strerror(error));
    else if (content.size > CONFIG_FILE_MAX)
        config_report_add(report, name, 0, "", "found more than 1 MiB; allowed: up to 1 MiB");
    else
        root = parse_text(config, name, buffer_as_text(&content), report);
    buffer_free(&content);
    return root;
}

static struct config *config_begin(const struct config_schema *schema, void *object, struct config_report *report)
{
    struct config *config = mem_zalloc(sizeof(*config));
    config_report_init(report, &config->arena);
    memset(object, 0, schema->size);
    return config;
}

static void read_root(struct config *config, const struct config_schema *schema, const struct config_override *overrides,
                      size_t override_count, void *object, struct config_report *report)
{
    if (config->root == NULL)
        return;
    for (size_t i = 0; i < override_count; i++)
        config->root = config_override(&config->arena, config->root, schema, &overrides[i], report);
    config_expand(&config->arena, config->root, report);
    report->root = config->root;
    config_decode(&config->arena, config->root, schema, object, report);
}

struct config *config_read(const char *file, const struct config_schema *schema, const struct config_override *overrides,
                           size_t override_count, void *object, struct config_report *report)
{
    struct config *config = config_begin(schema, object, report);
    if (file == NULL)
        config->root = config_node_new(&config->arena, CONFIG_MAPPING, CONFIG_FROM_DEFAULT, 0);
    else
        config->root = parse_file(config, file, report);
    read_root(config, schema, overrides, override_count, object, report);
    return config;
}

struct config *config_read_text(const char *name, const char *text, const struct config_schema *schema,
                                const struct config_override *overrides, size_t override_count, void *object, struct config_report *report)
{
    struct config *config = config_begin(schema, object, report);
    config->root = parse_text(config, name, text_of(text), report);
    read_root(config, schema, overrides, override_count, object, report);
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    arena_free(&config->arena);
    mem_free(config);
}
