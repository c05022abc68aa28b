#include "api/route_config.h"

#include "api/action.h"
#include "api/bundles.h"
#include "core/router.h"

#include <stdio.h>

static const struct config_field reply_fields[] = {
    { .name = "accepted", .type = CONFIG_JSON, .offset = offsetof(struct reply_config, accepted), .doc = "200: stored." },
    { .name = "invalid", .type = CONFIG_JSON, .offset = offsetof(struct reply_config, invalid), .doc = "400: not as the shape says." },
    { .name = "too_large", .type = CONFIG_JSON, .offset = offsetof(struct reply_config, too_large), .doc = "413." },
    { .name = "limited", .type = CONFIG_JSON, .offset = offsetof(struct reply_config, limited), .doc = "429: over the rate." },
    { .name = "unavailable",
      .type = CONFIG_JSON,
      .offset = offsetof(struct reply_config, unavailable),
      .doc = "503: not stored; what is needed is away." },
    { .name = "unknown", .type = CONFIG_JSON, .offset = offsetof(struct reply_config, unknown), .doc = "504: it may be stored." },
    { 0 },
};

static const struct config_schema reply_schema = {
    .name = "replies",
    .doc = "A template for each outcome: JSON in which a string that is exactly `$name` becomes that value. Every outcome but "
           "`accepted` has the default `{ error: $error }`.",
    .size = sizeof(struct reply_config),
    .fields = reply_fields,
};

static const struct config_field route_fields[] = {
    { .name = "on", .type = CONFIG_STRING, .offset = offsetof(struct route_config, on), .doc = "Methods and path: `GET|POST /submit`." },
    { .name = "do", .type = CONFIG_STRING, .offset = offsetof(struct route_config, action), .doc = "The action." },
    { .name = "stream",
      .type = CONFIG_STRING,
      .offset = offsetof(struct route_config, stream),
      .doc = "The stream that the action is about." },
    { .name = "with",
      .type = CONFIG_MAP,
      .offset = offsetof(struct route_config, with),
      .doc =
          "Arguments of the action: a value, `query:NAME` (what the query has under another name), or `query:NAME=VALUE` (VALUE where it "
          "has none). Arguments that do not stand here come from the query or from a JSON body, by their own names." },
    { .name = "reply",
      .type = CONFIG_JSON,
      .offset = offsetof(struct route_config, reply),
      .doc = "The template for success; short for `replies.accepted`." },
    { .name = "replies",
      .type = CONFIG_STRUCT,
      .offset = offsetof(struct route_config, replies),
      .schema = &reply_schema,
      .doc = "A template for each outcome." },
    { .name = "use",
      .type = CONFIG_LIST,
      .offset = offsetof(struct route_config, use),
      .doc = "Bundles of ordinary routes, instead of `on` and `do`: `health` (/livez, /readyz, /health), `metrics` (/metrics), `debug` "
             "(/debug/stats, /debug/stuck, /debug/traces, /debug/profile, /debug/log)." },
    { 0 },
};

static void check_action(const struct route_config *route, const struct config_place *place, struct config_report *report)
{
    const struct action *action = action_find(route->action);
    if (action != NULL) {
        if (action->stream != NULL && route->stream == NULL)
            config_mistake_at(report, place, "do", "found %s without `stream`; allowed: the name of a stream beside it", route->action);
        return;
    }
    struct buffer allowed = { 0 };
    for (size_t i = 0; action_at(i) != NULL; i++)
        buffer_printf(&allowed, "%s%s", i == 0 ? "" : ", ", action_at(i)->name);
    config_mistake_at(report, place, "do", "found \"%s\"; allowed: %.*s", route->action, TEXT_ARG(buffer_as_text(&allowed)));
    buffer_free(&allowed);
}

static void check_with(const struct route_config *route, const struct config_place *place, struct config_report *report)
{
    static const struct argument none[] = { { .name = NULL } };
    const struct action *action = action_find(route->action);
    const struct config_pair *pairs = route->with.items;
    for (size_t i = 0; action != NULL && i < route->with.count; i++) {
        char part[128];
        struct error err;
        snprintf(part, sizeof(part), "with.%s", pairs[i].name);
        if (arguments_check_with(action->arguments != NULL ? action->arguments : none, &pairs[i], &err) != 0)
            config_mistake_at(report, place, part, "%s", err.message);
    }
}

static void check_on(const struct route_config *route, const struct config_place *place, struct config_report *report)
{
    struct router *router = router_new();
    struct error err;
    int target;
    if (router_add(router, route->on, &target, &err) != 0)
        config_mistake_at(report, place, "on", "%s", err.message);
    router_free(router);
}

static void check_templates(const struct route_config *route, const struct config_place *place, struct config_report *report)
{
    const struct action *action = action_find(route->action);
    if (action == NULL || action->reply_names == NULL)
        return;
    struct reply_config replies = route->replies;
    if (route->reply != NULL)
        replies.accepted = route->reply;
    struct reply_set set;
    struct error err;
    if (reply_set_init(&set, &replies, action->reply_names, &err) != 0)
        config_mistake_at(report, place, route->reply != NULL ? "reply" : "replies", "%s", err.message);
    else
        reply_set_free(&set);
}

static void check_use(const struct route_config *route, const struct config_place *place, struct config_report *report)
{
    for (size_t i = 0; i < route->use.count; i++) {
        const char *name = ((const char *const *)route->use.items)[i];
        char part[32];
        snprintf(part, sizeof(part), "use.%zu", i);
        if (bundle_find(name) == NULL)
            config_mistake_at(report, place, part, "found \"%s\"; allowed: health, metrics, debug", name);
    }
}

static void check_route(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct route_config *route = object;
    bool is_bundle = route->use.count > 0;
    if (is_bundle ? route->on != NULL || route->action != NULL : route->on == NULL || route->action == NULL) {
        config_mistake(report, place, "found a route with %s; allowed: `on` and `do`, or `use` alone",
                       is_bundle           ? "`use` beside `on` or `do`"
                       : route->on == NULL ? "no `on`"
                                           : "no `do`");
        return;
    }
    check_use(route, place, report);
    if (is_bundle)
        return;
    check_action(route, place, report);
    check_with(route, place, report);
    check_on(route, place, report);
    check_templates(route, place, report);
}

const struct config_schema route_schema = {
    .name = "route",
    .doc = "What a listener answers: method and path, the action, and a reply for each outcome.",
    .size = sizeof(struct route_config),
    .fields = route_fields,
    .check = check_route,
};
