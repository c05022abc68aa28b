#include "core/path_pattern.h"

#include "base/memory.h"

#include <ctype.h>

bool path_pattern_fits(const struct path_pattern *pattern, struct text path, struct route_match *match)
{
    const char *at = path.data;
    const char *end = path.data + path.size;
    match->parameter_count = 0;
    for (size_t i = 0; i < pattern->segment_count; i++) {
        if (at == end || *at++ != '/')
            return false;
        const char *slash = memchr(at, '/', (size_t)(end - at));
        struct text found = { at, (size_t)((slash == NULL ? end : slash) - at) };
        at += found.size;

        const struct path_segment *segment = &pattern->segments[i];
        if (segment->is_parameter && found.size > 0)
            match->parameters[match->parameter_count++] = (struct route_parameter){ segment->text, found };
        else if (segment->is_parameter || !text_equal(segment->text, found))
            return false;
    }
    return at == end;
}

static bool is_name(struct text text)
{
    if (text.size == 0 || isdigit((unsigned char)text.data[0]))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char)text.data[i]) && text.data[i] != '_')
            return false;
    return true;
}

/* What may stand in a path (RFC 3986 section 3.3), and "%" of an escape: all of it visible ASCII. */
static bool is_exact(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!isgraph((unsigned char)text.data[i]) || strchr("?#{}", text.data[i]) != NULL)
            return false;
    return true;
}

static bool has_parameter(const struct path_pattern *pattern, struct text name)
{
    for (size_t i = 0; i < pattern->segment_count; i++)
        if (pattern->segments[i].is_parameter && text_equal(pattern->segments[i].text, name))
            return true;
    return false;
}

static int add_parameter(struct path_pattern *pattern, struct text name, struct error *err)
{
    if (has_parameter(pattern, name))
        return error_set(err, E_INVALID, "path %s: found {%.*s} twice", pattern->source, TEXT_ARG(name));
    if (pattern->parameter_count == ROUTER_PARAMETERS_MAX)
        return error_set(err, E_INVALID, "path %s: allowed are at most %d parameters", pattern->source, ROUTER_PARAMETERS_MAX);
    pattern->segments[pattern->segment_count++] = (struct path_segment){ name, true };
    pattern->parameter_count++;
    return 0;
}

static int add_segment(struct path_pattern *pattern, struct text text, struct error *err)
{
    if (is_exact(text)) {
        pattern->segments[pattern->segment_count++] = (struct path_segment){ text, false };
        return 0;
    }
    struct text inner = { text.data + 1, text.size < 2 ? 0 : text.size - 2 };
    if (text.data[0] == '{' && text.data[text.size - 1] == '}' && is_name(inner))
        return add_parameter(pattern, inner, err);
    return error_set(err, E_INVALID,
                     "path %s: found segment \"%.*s\"; allowed: visible ASCII without ? # { }, or {name} as a whole segment",
                     pattern->source, TEXT_ARG(text));
}

static size_t count_slashes(const char *source)
{
    size_t count = 0;
    for (; *source != '\0'; source++)
        count += *source == '/';
    return count;
}

int path_pattern_parse(struct path_pattern *pattern, const char *source, struct error *err)
{
    if (source[0] != '/')
        return error_set(err, E_INVALID, "path: found \"%s\"; allowed: a path that begins with /", source);

    *pattern = (struct path_pattern){ .source = mem_strdup(source) };
    pattern->segments = mem_alloc(count_slashes(source) * sizeof(*pattern->segments));
    const char *at = pattern->source;
    while (*at == '/') {
        at++;
        struct text text = { at, strcspn(at, "/") };
        at += text.size;
        int rc = add_segment(pattern, text, err);
        if (rc != 0) {
            path_pattern_free(pattern);
            return rc;
        }
    }
    return 0;
}

void path_pattern_free(struct path_pattern *pattern)
{
    mem_free(pattern->segments);
    mem_free(pattern->source);
    *pattern = (struct path_pattern){ 0 };
}

static int compare_segments(const struct path_segment *a, const struct path_segment *b)
{
    if (a->is_parameter || b->is_parameter)
        return (int)a->is_parameter - (int)b->is_parameter;
    if (a->text.size != b->text.size)
        return a->text.size < b->text.size ? -1 : 1;
    return memcmp(a->text.data, b->text.data, a->text.size);
}

int path_pattern_compare(const struct path_pattern *a, const struct path_pattern *b)
{
    if (a->segment_count != b->segment_count)
        return a->segment_count < b->segment_count ? -1 : 1;
    for (size_t i = 0; i < a->segment_count; i++) {
        int order = compare_segments(&a->segments[i], &b->segments[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

bool path_pattern_same_names(const struct path_pattern *a, const struct path_pattern *b)
{
    for (size_t i = 0; i < a->segment_count; i++)
        if (!text_equal(a->segments[i].text, b->segments[i].text))
            return false;
    return true;
}
