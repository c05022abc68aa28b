#include "work/simulated_job.h"

#include <assert.h>
#include <yyjson.h>

struct wish {
    bool has_time;
    uint64_t time_us;
    bool always_fail;
};

/* A small record is read on the stack: it is done so often that malloc would take a quarter of the time. */
#define SMALL_RECORD 256
#define STACK_BYTES  4096

/* Longer times are no different: the limit cuts them all. */
#define TIME_MAX_MS 1e12

static int read_time(struct wish *wish, yyjson_val *value, struct error *err)
{
    if (value == NULL)
        return 0;
    if (!yyjson_is_num(value) || yyjson_get_num(value) < 0)
        return error_set(err, E_INVALID, "processing_time is %s; allowed: milliseconds, 0 or more",
                         yyjson_is_num(value) ? "negative" : yyjson_get_type_desc(value));
    double ms = yyjson_get_num(value);
    wish->has_time = true;
    wish->time_us = (uint64_t)((ms < TIME_MAX_MS ? ms : TIME_MAX_MS) * 1000);
    return 0;
}

static int read_wish(struct wish *wish, struct text record, struct error *err)
{
    if (record.size == 0)
        return error_set(err, E_INVALID, "the record has no value; allowed: a JSON object");
    assert(yyjson_read_max_memory_usage(SMALL_RECORD, YYJSON_READ_NOFLAG) <= STACK_BYTES);
    char stack[STACK_BYTES];
    yyjson_alc on_stack;
    yyjson_alc_pool_init(&on_stack, stack, sizeof(stack));
    yyjson_read_err failure;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)record.data, record.size, YYJSON_READ_NOFLAG,
                                       record.size <= SMALL_RECORD ? &on_stack : NULL, &failure);
    if (doc == NULL)
        return error_set(err, E_INVALID, "the record is not JSON: %s at byte %zu", failure.msg, failure.pos);

    yyjson_val *root = yyjson_doc_get_root(doc);
    int code = 0;
    if (!yyjson_is_obj(root))
        code = error_set(err, E_INVALID, "the record is JSON %s; allowed: an object", yyjson_get_type_desc(root));
    else
        code = read_time(wish, yyjson_obj_get(root, "processing_time"), err);
    wish->always_fail = yyjson_is_true(yyjson_obj_get(root, "always_fail"));
    yyjson_doc_free(doc);
    return code;
}

int simulated_job_read(struct simulated_job *job, const struct simulate_config *config, struct text record, unsigned attempt,
                       struct random *random, struct error *err)
{
    struct wish wish = { .has_time = false };
    int code = read_wish(&wish, record, err);
    if (code != 0)
        return code;

    bool named = wish.has_time && attempt == 1;
    uint64_t time_us = named ? wish.time_us : config->min_us + (uint64_t)random_between(random, 0, (int64_t)config->range_us);
    uint64_t limit_us = config->min_us + (uint64_t)((double)config->range_us * (1 - config->fail));
    bool over = time_us > limit_us;
    job->fails = over || wish.always_fail;
    job->time_us = over ? limit_us : time_us;
    if (over)
        error_set(err, E_INTERNAL, "the simulated job would take %.3f ms, over its limit of %.3f ms", (double)time_us / 1000,
                  (double)limit_us / 1000);
    else if (wish.always_fail)
        error_set(err, E_INTERNAL, "the simulated job is one that always fails");
    return 0;
}
