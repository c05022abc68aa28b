#include "base/clock.h"
#include "io/redis/redis_state.h"

static const char *const states[] = { "resting", "resolving", "connecting", "greeting", "ready", "closing" };
static const char *const results[REDIS_RESULTS] = { "ok", "error", "timeout", "lost", "refused" };

/* One that was connected at the first attempt, and still is, has had none. */
static void add_last_fault(const struct redis *redis, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    if (redis->state == REDIS_READY && redis->attempts == 1)
        yyjson_mut_obj_add_null(doc, value, "last_fault");
    else
        stats_add_text(doc, value, "last_fault", text_of(redis->reason));
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    const struct redis *redis = arg;
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, value, "address", redis->place);
    yyjson_mut_obj_add_str(doc, value, "state", states[redis->state]);
    yyjson_mut_obj_add_real(doc, value, "state_seconds", (double)(clock_us() - redis->since_us) / 1e6);
    add_last_fault(redis, doc, value);
    yyjson_mut_obj_add_uint(doc, value, "attempts", redis->attempts);
    yyjson_mut_obj_add_uint(doc, value, "failures_in_a_row", redis->failures);
    yyjson_mut_obj_add_uint(doc, value, "commands_under_way", redis->under_way);
    yyjson_mut_obj_add_uint(doc, value, "timeout_us", redis->timeout_us);

    yyjson_mut_val *commands = yyjson_mut_obj_add_obj(doc, value, "commands");
    for (int i = 0; i < REDIS_RESULTS; i++)
        yyjson_mut_obj_add_uint(doc, commands, results[i], (uint64_t)metric_value(redis->results[i]));
    yyjson_mut_obj_add_uint(doc, value, "round_trip_p50_us", histogram_quantile(&redis->latency, 0.5));
    yyjson_mut_obj_add_uint(doc, value, "round_trip_p99_us", histogram_quantile(&redis->latency, 0.99));
    yyjson_mut_obj_add_uint(doc, value, "round_trip_max_us", redis->latency.max_us);
    return value;
}

void redis_stats_init(struct redis *redis, const struct redis_options *options)
{
    for (int i = 0; i < REDIS_RESULTS; i++)
        redis->results[i] = metric(options->metrics, METRIC_REDIS_COMMANDS, results[i]);
    redis->duration = metric(options->metrics, METRIC_REDIS_DURATION);
    redis->connected = metric(options->metrics, METRIC_REDIS_CONNECTED);
    redis->reconnects = metric(options->metrics, METRIC_REDIS_RECONNECTS);

    redis->section = (struct stats_section){
        .name = "redis",
        .summary = "The connection to Redis: its state, commands, round trips.",
        .fill = fill,
        .arg = redis,
    };
    list_init(&redis->section.link);
    if (options->stats != NULL)
        stats_add(options->stats, &redis->section);
}
