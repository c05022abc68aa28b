#include "api/bundles.h"
#include "app/node.h"
#include "base/log.h"
#include "base/memory.h"

#include <string.h>

static void reply_no_method(struct http_request *request, const struct route_match *match)
{
    struct buffer body = { 0 };
    buffer_string(&body, "{\"error\":");
    struct buffer sentence = { 0 };
    const char *method = request->method == METHOD_OTHER ? "another method" : http_method_name(request->method);
    buffer_printf(&sentence, "found %s at %.*s; allowed: %.*s", method, TEXT_ARG(request->path), TEXT_ARG(match->allow));
    buffer_json_string(&body, buffer_as_text(&sentence));
    buffer_char(&body, '}');
    struct http_header allow = { "Allow", match->allow };
    http_reply(request, &(struct http_reply){ .status = 405, .body = buffer_as_text(&body), .headers = &allow, .header_count = 1 });
    buffer_free(&sentence);
    buffer_free(&body);
}

static void reply_no_path(struct http_request *request)
{
    struct buffer sentence = { 0 };
    buffer_printf(&sentence, "nothing is served at %.*s", TEXT_ARG(request->path));
    http_reply_error(request, 404, buffer_as_text(&sentence));
    buffer_free(&sentence);
}

static void on_request(void *arg, struct http_request *request)
{
    struct routes *routes = arg;
    struct route_match match;
    enum route_result result = router_match(routes->router, request->method, request->path, &match);
    if (result == ROUTE_FOUND) {
        struct route *route = match.target;
        request->route = &route->counted;
        log_scope_begin(&(struct log_scope){ .request_id = request->id });
        route_run(route, request, &match);
        log_scope_end();
        return;
    }
    request->route = &routes->unknown;
    if (result == ROUTE_NO_METHOD)
        reply_no_method(request, &match);
    else
        reply_no_path(request);
}

static void join_stream(struct route *route, struct node *node, const char *name)
{
    if (route->action->stream == NULL)
        return;
    struct stream *stream = node_stream(node, name);
    route->ingest = stream->ingest;
    route->work = stream->work;
}

static struct route *add_route(struct routes *routes, const char *on, const char *action, struct error *err)
{
    struct route *route = &routes->rows[routes->row_count++];
    const char *path = strrchr(on, ' ');
    route->counted.name = path == NULL ? on : path + 1;
    route->action = action_find(action);
    route->api = &routes->node->api;
    bool unsafe = route->action->changes || route->action->stores;
    int rc = unsafe ? router_add_unsafe(routes->router, on, route, err) : router_add(routes->router, on, route, err);
    return rc == 0 ? route : NULL;
}

static int add_bundle(struct routes *routes, const char *name, struct error *err)
{
    for (const struct bundle_route *row = bundle_find(name); row->on != NULL; row++)
        if (add_route(routes, row->on, row->action, err) == NULL)
            return error_wrap(err, "use: %s", name);
    return 0;
}

static int add_configured(struct routes *routes, const struct route_config *config, struct error *err)
{
    for (size_t i = 0; i < config->use.count; i++)
        if (add_bundle(routes, ((const char *const *)config->use.items)[i], err) != 0)
            return err->code;
    if (config->on == NULL || !roles_open_route(&routes->node->roles, config))
        return 0;

    struct route *route = add_route(routes, config->on, config->action, err);
    if (route == NULL)
        return err->code;
    route->with = &config->with;
    join_stream(route, routes->node, config->stream);
    if (route->action->reply_names == NULL)
        return 0;
    struct reply_config replies = config->replies;
    if (config->reply != NULL)
        replies.accepted = config->reply;
    return reply_set_init(&route->replies, &replies, route->action->reply_names, err);
}

/* Bundles counted with all their routes; roles not regarded, so it may be more than are added. */
static size_t count_routes(const struct listener_config *config)
{
    const struct route_config *routes = config->routes.items;
    size_t count = config->routes.count;
    for (size_t i = 0; i < config->routes.count; i++)
        for (size_t k = 0; k < routes[i].use.count; k++)
            for (const struct bundle_route *row = bundle_find(((const char *const *)routes[i].use.items)[k]); row->on != NULL; row++)
                count++;
    return count;
}

static int add_all(struct routes *routes, struct node *node, const struct listener_config *config, struct error *err)
{
    routes->node = node;
    routes->config = config;
    routes->unknown.name = "none";
    routes->router = router_new();
    routes->rows = mem_zalloc((count_routes(config) + 1) * sizeof(*routes->rows));
    const struct route_config *rows = config->routes.items;
    for (size_t i = 0; i < config->routes.count; i++)
        if (add_configured(routes, &rows[i], err) != 0)
            return error_wrap(err, "route %zu", i + 1);
    return 0;
}

int routes_check(const struct settings *settings, const struct roles *roles, const struct listener_config *config, struct error *err)
{
    const struct stream_config *configs = settings->streams.items;
    struct node node = { .settings = settings, .roles = *roles };
    node.streams = mem_zalloc((settings->streams.count + 1) * sizeof(*node.streams));
    for (size_t i = 0; i < settings->streams.count; i++)
        node.streams[i].config = &configs[i];

    struct routes routes = { 0 };
    int code = roles_open_listener(roles, config) ? add_all(&routes, &node, config, err) : 0;
    routes_free(&routes);
    mem_free(node.streams);
    return code;
}

int routes_open(struct routes *routes, struct node *node, const struct listener_config *config, struct error *err)
{
    if (!roles_open_listener(&node->roles, config))
        return 0;
    if (add_all(routes, node, config, err) != 0)
        return err->code;
    return http_server_listen(node->http, config->name, &config->http, on_request, routes, &routes->http, err);
}

void routes_free(struct routes *routes)
{
    for (size_t i = 0; i < routes->row_count; i++)
        reply_set_free(&routes->rows[i].replies);
    mem_free(routes->rows);
    router_free(routes->router);
}
