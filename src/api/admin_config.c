#include "api/admin.h"
#include "base/address.h"

#include <stdio.h>
#include <string.h>

static const struct config_field admin_fields[] = {
    { .name = "from",
      .type = CONFIG_LIST,
      .offset = offsetof(struct admin_config, from),
      .fallback = "[127.0.0.1/32, \"::1\"]",
      .doc =
          "Addresses and ranges of clients that may; peers of a Unix socket count as 127.0.0.1, for its file's permissions say who "
          "may open it. A request that says that a proxy has passed it on (Forwarded, Via, X-Forwarded-For, ...), or a page of another "
          "origin, needs the token instead; behind a proxy on this machine that adds no such header, leave the list empty and set a token." },
    { .name = "token",
      .type = CONFIG_SECRET,
      .offset = offsetof(struct admin_config, token),
      .doc = "Whoever sends it (`Authorization: Bearer TOKEN`) may, from everywhere." },
    { .name = "hosts",
      .type = CONFIG_LIST,
      .offset = offsetof(struct admin_config, hosts),
      .fallback = "[]",
      .doc = "Our own names, without a port: without the token, these actions and those of the bundle `debug` answer only to a Host "
             "that is one of them, an address, or `localhost`. Any other name may be that of a page that let it lead here after it was "
             "loaded (DNS rebinding)." },
    { 0 },
};

static void check_host(const char *host, size_t i, const struct config_place *place, struct config_report *report)
{
    char part[32];
    snprintf(part, sizeof(part), "hosts.%zu", i);
    if (host[0] == '\0' || strpbrk(host, ":/* ") != NULL)
        config_mistake_at(report, place, part, "found \"%s\"; allowed: a name as a Host header has it, without a port", host);
}

static void check_admin(const void *object, const struct config_place *place, struct config_report *report)
{
    const struct admin_config *config = object;
    for (size_t i = 0; i < config->from.count; i++) {
        char part[32];
        struct address_range range;
        struct error err;
        snprintf(part, sizeof(part), "from.%zu", i);
        if (address_range_parse(&range, text_of(((const char *const *)config->from.items)[i]), &err) != 0)
            config_mistake_at(report, place, part, "%s", err.message);
    }
    for (size_t i = 0; i < config->hosts.count; i++)
        check_host(((const char *const *)config->hosts.items)[i], i, place, report);
    if (config->token != NULL && config->token[0] == '\0')
        config_mistake_at(report, place, "token", "found an empty token, which everybody knows; allowed: a text, or nothing at all");
}

const struct config_schema admin_schema = {
    .name = "admin",
    .doc = "Who may run the actions that change something, and look into the process. Others are answered 403.",
    .size = sizeof(struct admin_config),
    .fields = admin_fields,
    .check = check_admin,
};
