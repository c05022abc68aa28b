#include "app/roles.h"

#include "api/action.h"

#include <string.h>

static const struct role {
    const char *name;
    size_t offset;
} table[] = {
    { "ingest", offsetof(struct roles, ingest) },
    { "work", offsetof(struct roles, work) },
    { "watch", offsetof(struct roles, watch) },
};

const char *const roles_names = "ingest, work, watch";

static const struct role *find(struct text name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (text_is(name, table[i].name))
            return &table[i];
    return NULL;
}

int roles_parse(struct roles *roles, const char *words, struct error *err)
{
    bool all = words == NULL;
    *roles = (struct roles){ .ingest = all, .work = all, .watch = all };
    while (words != NULL) {
        struct text word = { words, strcspn(words, ",") };
        const struct role *role = find(word);
        if (role == NULL)
            return error_set(err, E_INVALID, "found the role \"%.*s\"; allowed: %s", TEXT_ARG(word), roles_names);
        *(bool *)((char *)roles + role->offset) = true;
        words = words[word.size] == ',' ? words + word.size + 1 : NULL;
    }
    return 0;
}

static bool has(const struct roles *roles, const char *name)
{
    const struct role *role = name == NULL ? NULL : find(text_of(name));
    return name == NULL || (role != NULL && *(const bool *)((const char *)roles + role->offset));
}

/* NULL for bundles: each of their actions is any process'. */
static const char *role_of(const struct route_config *route)
{
    return route->on == NULL ? NULL : action_find(route->action)->role;
}

bool roles_open_route(const struct roles *roles, const struct route_config *route)
{
    return has(roles, role_of(route));
}

bool roles_open_listener(const struct roles *roles, const struct listener_config *listener)
{
    const struct route_config *routes = listener->routes.items;
    bool of_other_roles = false;
    for (size_t i = 0; i < listener->routes.count; i++) {
        if (role_of(&routes[i]) == NULL)
            continue;
        if (roles_open_route(roles, &routes[i]))
            return true;
        of_other_roles = true;
    }
    return !of_other_roles;
}

static bool takes_events_of(const struct route_config *route, const struct stream_config *stream)
{
    if (route->on == NULL || route->stream == NULL || strcmp(route->stream, stream->name) != 0)
        return false;
    const struct action *action = action_find(route->action);
    return action->stream != NULL && strcmp(action->stream, "ingest") == 0;
}

bool roles_ingest(const struct roles *roles, const struct settings *settings, const struct stream_config *stream)
{
    const struct listener_config *listeners = settings->listeners.items;
    for (size_t i = 0; roles->ingest && i < settings->listeners.count; i++) {
        const struct route_config *routes = listeners[i].routes.items;
        for (size_t k = 0; k < listeners[i].routes.count; k++)
            if (takes_events_of(&routes[k], stream))
                return true;
    }
    return false;
}

bool roles_work(const struct roles *roles, const struct stream_config *stream)
{
    return roles->work && stream->work.group != NULL;
}

bool roles_watch(const struct roles *roles, const struct stream_config *stream)
{
    return roles->watch && stream->watch.present;
}
