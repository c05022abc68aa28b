#include "core/router.h"

#include "base/memory.h"
#include "core/path_pattern.h"

#include <stdio.h>
#include <xxhash.h>

#define uthash_malloc(size)             mem_alloc(size)
#define uthash_free(memory, size)       mem_free(memory)
#define HASH_FUNCTION(key, size, value) ((value) = (unsigned)XXH3_64bits(key, size))
#include <uthash.h>
#include <utlist.h>

struct router_path {
    struct path_pattern pattern;
    void *targets[METHOD_OTHER];
    bool get_is_unsafe; /* so HEAD does not stand for it */
    char allow[64];     /* all the methods there are take 44 bytes */
    UT_hash_handle hh;
    struct router_path *next;
};

struct router {
    struct router_path *exact;      /* hash by the whole path */
    struct router_path *parametric; /* list, the most specific first */
};

static void *target_of(const struct router_path *path, enum http_method method)
{
    if (method == METHOD_OTHER)
        return NULL;
    if (method == METHOD_HEAD && path->targets[METHOD_HEAD] == NULL)
        return path->get_is_unsafe ? NULL : path->targets[METHOD_GET];
    return path->targets[method];
}

static const struct router_path *find(const struct router *router, struct text path, struct route_match *match)
{
    struct router_path *found;
    HASH_FIND(hh, router->exact, path.data, path.size, found);
    if (found != NULL)
        return found;
    LL_FOREACH(router->parametric, found)
        if (path_pattern_fits(&found->pattern, path, match))
            return found;
    match->parameter_count = 0;
    return NULL;
}

enum route_result router_match(const struct router *router, enum http_method method, struct text path, struct route_match *match)
{
    match->target = NULL;
    match->allow = TEXT_NONE;
    match->parameter_count = 0;
    const struct router_path *found = find(router, path, match);
    if (found == NULL)
        return ROUTE_NO_PATH;

    match->target = target_of(found, method);
    match->allow = text_of(found->allow);
    return match->target == NULL ? ROUTE_NO_METHOD : ROUTE_FOUND;
}

struct text route_match_parameter(const struct route_match *match, const char *name)
{
    for (size_t i = 0; i < match->parameter_count; i++)
        if (text_is(match->parameters[i].name, name))
            return match->parameters[i].value;
    return TEXT_NONE;
}

struct router *router_new(void)
{
    return mem_zalloc(sizeof(struct router));
}

static void path_free(struct router_path *path)
{
    path_pattern_free(&path->pattern);
    mem_free(path);
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    struct router_path *path, *next;
    HASH_ITER(hh, router->exact, path, next) {
        HASH_DEL(router->exact, path);
        path_free(path);
    }
    LL_FOREACH_SAFE(router->parametric, path, next)
        path_free(path);
    mem_free(router);
}

/* Reads "GET|POST" into a set of bits. */
static int parse_methods(struct text text, unsigned *methods, struct error *err)
{
    *methods = 0;
    for (size_t at = 0; at <= text.size;) {
        const char *bar = memchr(text.data + at, '|', text.size - at);
        struct text name = { text.data + at, bar == NULL ? text.size - at : (size_t)(bar - text.data) - at };
        enum http_method method = http_method_parse(name);
        if (method == METHOD_OTHER)
            return error_set(err, E_INVALID, "method: found \"%.*s\"; allowed: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS",
                             TEXT_ARG(name));
        if ((*methods & 1u << method) != 0)
            return error_set(err, E_INVALID, "method: found %s twice", http_method_name(method));
        *methods |= 1u << method;
        at += name.size + 1;
    }
    return 0;
}

static struct router_path *find_same(const struct router *router, const struct path_pattern *pattern)
{
    struct router_path *path;
    if (pattern->parameter_count == 0) {
        HASH_FIND_STR(router->exact, pattern->source, path);
        return path;
    }
    LL_FOREACH(router->parametric, path)
        if (path_pattern_compare(&path->pattern, pattern) == 0)
            return path;
    return NULL;
}

static int check_free(const struct router_path *path, const struct path_pattern *pattern, unsigned methods, struct error *err)
{
    if (!path_pattern_same_names(&path->pattern, pattern))
        return error_set(err, E_INVALID, "path %s: %s fits the same paths; allowed: the same names for the same parameters",
                         pattern->source, path->pattern.source);
    for (int i = 0; i < METHOD_OTHER; i++)
        if ((methods & 1u << i) != 0 && path->targets[i] != NULL)
            return error_set(err, E_INVALID, "%s %s is there already: a route can be given once", http_method_name((enum http_method)i),
                             pattern->source);
    return 0;
}

static int compare_paths(const struct router_path *a, const struct router_path *b)
{
    return path_pattern_compare(&a->pattern, &b->pattern);
}

static struct router_path *add_path(struct router *router, struct path_pattern pattern)
{
    struct router_path *path = mem_zalloc(sizeof(*path));
    path->pattern = pattern;
    if (pattern.parameter_count == 0)
        HASH_ADD_KEYPTR(hh, router->exact, path->pattern.source, strlen(path->pattern.source), path);
    else
        LL_INSERT_INORDER(router->parametric, path, compare_paths);
    return path;
}

static void set_targets(struct router_path *path, unsigned methods, void *target)
{
    size_t used = 0;
    for (int i = 0; i < METHOD_OTHER; i++) {
        if ((methods & 1u << i) != 0)
            path->targets[i] = target;
        if (target_of(path, (enum http_method)i) == NULL)
            continue;
        const char *separator = used == 0 ? "" : ", ";
        used += (size_t)snprintf(path->allow + used, sizeof(path->allow) - used, "%s%s", separator, http_method_name((enum http_method)i));
    }
}

static int add(struct router *router, const char *spec, void *target, bool unsafe, struct error *err)
{
    const char *space = strchr(spec, ' ');
    if (space == NULL)
        return error_set(err, E_INVALID, "route: found \"%s\"; allowed: methods, a space, a path, as in \"GET|POST /submit\"", spec);

    unsigned methods;
    int rc = parse_methods((struct text){ spec, (size_t)(space - spec) }, &methods, err);
    if (rc != 0)
        return rc;

    struct path_pattern pattern;
    rc = path_pattern_parse(&pattern, space + 1 + strspn(space + 1, " "), err);
    if (rc != 0)
        return rc;

    struct router_path *path = find_same(router, &pattern);
    rc = path == NULL ? 0 : check_free(path, &pattern, methods, err);
    if (rc != 0 || path != NULL)
        path_pattern_free(&pattern);
    if (rc != 0)
        return rc;

    if (path == NULL)
        path = add_path(router, pattern);
    if ((methods & 1u << METHOD_GET) != 0)
        path->get_is_unsafe = unsafe;
    set_targets(path, methods, target);
    return 0;
}

int router_add(struct router *router, const char *spec, void *target, struct error *err)
{
    return add(router, spec, target, false, err);
}

int router_add_unsafe(struct router *router, const char *spec, void *target, struct error *err)
{
    return add(router, spec, target, true, err);
}
