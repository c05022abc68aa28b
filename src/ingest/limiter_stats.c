#include "base/clock.h"
#include "base/memory.h"
#include "ingest/limiter_state.h"

#include <stdio.h>

static const char *const count_names[COUNTS] = { "admitted", "limited", "refused", "assumed", "too_large" };

static const char *bucket_state(const struct limiter *limiter)
{
    if (limiter->redis == NULL)
        return "here";
    return redis_ready(limiter->redis) ? "in Redis" : "in Redis, which is away";
}

static void add_global(const struct account *account, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    yyjson_mut_obj_add_uint(doc, value, "tokens", account->lease.tokens);
    yyjson_mut_obj_add_real(doc, value, "bucket_tokens_at_most", bucket_tokens(&account->lease.mirror, clock_us()));
    yyjson_mut_obj_add_bool(doc, value, "asking", account->lease.asking);
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    static const char *const pers[] = { "global", "address", "token", "key" };
    static const char *const errors[] = { "deny", "allow", "local" };
    const struct limiter *limiter = arg;
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, value, "name", limiter->name);
    yyjson_mut_obj_add_str(doc, value, "bucket", bucket_state(limiter));
    yyjson_mut_obj_add_real(doc, value, "rate", limiter->rate);
    yyjson_mut_obj_add_uint(doc, value, "burst", limiter->burst);
    yyjson_mut_obj_add_str(doc, value, "per", pers[limiter->per]);
    yyjson_mut_obj_add_str(doc, value, "on_error", errors[limiter->on_error]);
    yyjson_mut_obj_add_uint(doc, value, "lease", lease_size(limiter->rate, limiter->burst));
    if (limiter->global != NULL)
        add_global(limiter->global, doc, value);
    else
        yyjson_mut_obj_add_uint(doc, value, "keys", limiter->table.count);
    yyjson_mut_obj_add_uint(doc, value, "waiting", limiter->waiting_count);
    yyjson_mut_obj_add_uint(doc, value, "asks_under_way", limiter->asks);

    yyjson_mut_val *decisions = yyjson_mut_obj_add_obj(doc, value, "decisions");
    for (int i = 0; i < COUNTS; i++)
        yyjson_mut_obj_add_uint(doc, decisions, count_names[i], (uint64_t)metric_value(limiter->counts[i]));
    return value;
}

static char *name_section(struct stats *stats, const char *stream)
{
    if (stats == NULL || stats_find(stats, "limiter") == NULL)
        return mem_strdup("limiter");
    char name[256];
    snprintf(name, sizeof(name), "limiter.%s", stream);
    return mem_strdup(name);
}

void limiter_stats_init(struct limiter *limiter, const struct limiter_options *options)
{
    for (int i = 0; i < COUNTS; i++)
        limiter->counts[i] = metric(options->metrics, METRIC_LIMITER_DECISIONS, options->stream, count_names[i]);
    limiter->rate_limited = metric(options->metrics, METRIC_RATE_LIMITED, options->stream);

    limiter->section_name = name_section(options->stats, options->stream);
    limiter->section = (struct stats_section){
        .name = limiter->section_name,
        .summary = "The rate limit: tokens here, the lease, who waits, decisions.",
        .fill = fill,
        .arg = limiter,
    };
    list_init(&limiter->section.link);
    if (options->stats != NULL)
        stats_add(options->stats, &limiter->section);
}

void limiter_stats_close(struct limiter *limiter)
{
    stats_remove(&limiter->section);
}
