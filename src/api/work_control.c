/* work.pause, work.resume, work.get, work.set: what is changed of a work while it runs. */
#include "api/work_values.h"

enum { ARGUMENT_CONCURRENCY, ARGUMENT_PROCESSING_TIME, ARGUMENT_PAUSED, ARGUMENTS };

/* The real bounds depend on the stream, and are checked by work_set. */
static const struct argument arguments[] = {
    [ARGUMENT_CONCURRENCY] = { .name = "concurrency",
                               .type = ARGUMENT_INT,
                               .min = 1,
                               .max = 1000000,
                               .doc = "Slots: the pool's, which all streams share, up to `pool.max`; or the stream's own." },
    [ARGUMENT_PROCESSING_TIME] = { .name = "processing_time_ms",
                                   .type = ARGUMENT_INT,
                                   .min = 0,
                                   .max = 86400000,
                                   .doc = "How long each job takes that begins from now on; simulated work only." },
    [ARGUMENT_PAUSED] = { .name = "paused", .type = ARGUMENT_BOOL, .doc = "Takes no records and begins no jobs while true." },
    [ARGUMENTS] = { .name = NULL },
};

static yyjson_mut_val *plain_setting(const struct work *work, yyjson_mut_doc *doc)
{
    struct work_setting setting;
    work_get(work, &setting);
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, value, "concurrency", setting.concurrency);
    if (setting.has_time)
        yyjson_mut_obj_add_uint(doc, value, "processing_time_ms", setting.time_us / 1000);
    else
        yyjson_mut_obj_add_null(doc, value, "processing_time_ms");
    yyjson_mut_obj_add_bool(doc, value, "paused", setting.paused);
    return value;
}

static yyjson_mut_val *plain_status(const struct work *work, yyjson_mut_doc *doc)
{
    struct work_identity identity;
    work_identity(work, &identity);
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, value, "status", work_paused(work) ? "paused" : "resumed");
    yyjson_mut_obj_add_strcpy(doc, value, "instance_id", identity.member);
    return value;
}

static void run_pause(struct route *route, struct http_request *request, const struct route_match *match)
{
    work_pause(route->work);
    work_reply(route, request, plain_status);
}

static void run_resume(struct route *route, struct http_request *request, const struct route_match *match)
{
    work_resume(route->work);
    work_reply(route, request, plain_status);
}

static void run_get(struct route *route, struct http_request *request, const struct route_match *match)
{
    work_reply(route, request, plain_setting);
}

static int read_setting(struct route *route, struct http_request *request, struct work_setting *setting, struct error *err)
{
    struct argument_value values[ARGUMENTS];
    if (arguments_read(arguments, route->with, request, values, err) != 0)
        return err->code;
    *setting = (struct work_setting){
        .has_concurrency = values[ARGUMENT_CONCURRENCY].given,
        .concurrency = (size_t)values[ARGUMENT_CONCURRENCY].integer,
        .has_time = values[ARGUMENT_PROCESSING_TIME].given,
        .time_us = (uint64_t)values[ARGUMENT_PROCESSING_TIME].integer * 1000,
        .has_paused = values[ARGUMENT_PAUSED].given,
        .paused = values[ARGUMENT_PAUSED].boolean,
    };
    if (setting->has_concurrency || setting->has_time || setting->has_paused)
        return 0;
    return error_set(err, E_INVALID, "found nothing to set; allowed: one or more of concurrency, processing_time_ms, paused");
}

static void run_set(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct work_setting setting;
    struct error err;
    if (read_setting(route, request, &setting, &err) != 0 || work_set(route->work, &setting, &err) != 0)
        work_reply_failed(route, request, &err);
    else
        work_reply(route, request, plain_setting);
}

const struct action action_work_pause = {
    .name = "work.pause",
    .doc = "Takes no more records and begins no jobs; running ones end, and the group keeps this member.",
    .role = "work",
    .stream = "work",
    .reply_names = work_value_names,
    .changes = true,
    .run = run_pause,
};

const struct action action_work_resume = {
    .name = "work.resume",
    .doc = "Goes on after a pause.",
    .role = "work",
    .stream = "work",
    .reply_names = work_value_names,
    .changes = true,
    .run = run_resume,
};

const struct action action_work_get = {
    .name = "work.get",
    .doc = "What work.set may change, as it is now.",
    .role = "work",
    .stream = "work",
    .reply_names = work_value_names,
    .run = run_get,
};

const struct action action_work_set = {
    .name = "work.set",
    .doc = "Changes what its arguments name, all of it or, when one is not allowed, nothing.",
    .role = "work",
    .stream = "work",
    .arguments = arguments,
    .reply_names = work_value_names,
    .changes = true,
    .run = run_set,
};
