/* log.get, log.set: the level of the log while the process runs. */
#include "api/action.h"
#include "api/json_reply.h"
#include "base/log.h"

static const char *const levels[] = { [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL };

static const struct argument arguments[] = {
    { .name = "level", .type = ARGUMENT_CHOICE, .choices = levels, .doc = "The least level that is written." },
    { .name = NULL },
};

static void run_get(struct route *route, struct http_request *request, const struct route_match *match)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "level", log_level_name(log_level()));
    json_reply(request, 200, doc, value);
}

/* Said at whichever of both levels shows more. */
static void change(enum log_level level)
{
    enum log_level before = log_level();
    if (level < before)
        log_set_level(level);
    log_info("log", "the level is %s instead of %s", log_level_name(level), log_level_name(before));
    log_set_level(level);
}

static void run_set(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct argument_value level;
    struct error err = { 0 };
    if (arguments_read(arguments, route->with, request, &level, &err) == 0 && !level.given)
        error_set(&err, E_INVALID, "found no level; allowed: level");
    if (err.code != 0) {
        http_reply_error(request, 400, text_of(err.message));
        return;
    }
    if ((enum log_level)level.integer != log_level())
        change((enum log_level)level.integer);
    run_get(route, request, match);
}

const struct action action_log_get = { .name = "log.get", .doc = "The level of the log.", .tells = true, .run = run_get };

const struct action action_log_set = {
    .name = "log.set",
    .doc = "Changes the level of the log at once, until the process ends or a reload finds another one in the file than before.",
    .arguments = arguments,
    .changes = true,
    .run = run_set,
};
