#include "app/roles.h"

#include "api/action.h"

#include <string.h>

int roles_parse(struct roles *roles, const char *words, struct error *err)
{
    *roles = (struct roles){ .ingest = words == NULL, .work = words == NULL };
    while (words != NULL) {
        size_t size = strcspn(words, ",");
        struct text word = { words, size };
        if (text_is(word, "ingest"))
            roles->ingest = true;
        else if (text_is(word, "work"))
            roles->work = true;
        else
            return error_set(err, E_INVALID, "found the role \"%.*s\"; allowed: ingest, work", TEXT_ARG(word));
        words = words[size] == ',' ? words + size + 1 : NULL;
    }
    return 0;
}

static bool has(const struct roles *roles, const char *role)
{
    return role == NULL || (strcmp(role, "ingest") == 0 && roles->ingest) || (strcmp(role, "work") == 0 && roles->work);
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
