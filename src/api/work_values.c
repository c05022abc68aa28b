#include "api/work_values.h"

#include "api/json_reply.h"
#include "base/clock.h"

#include <stdlib.h>

enum work_value {
    VALUE_STREAM,
    VALUE_TOPIC,
    VALUE_GROUP,
    VALUE_INSTANCE,
    VALUE_STATE,
    VALUE_HEALTH,
    VALUE_CONSUMING,
    VALUE_CONSUMERS,
    VALUE_PAUSED,
    VALUE_CONCURRENCY,
    VALUE_PROCESSING_TIME,
    VALUE_TAKEN,
    VALUE_DONE,
    VALUE_DEAD,
    VALUE_ATTEMPTS,
    VALUE_RETRIES,
    VALUE_WAITING,
    VALUE_RUNNING,
    VALUE_RESTING,
    VALUE_LAST_DONE,
    VALUE_ASSIGNED,
    VALUE_PARTITIONS,
    VALUE_COUNTS,
    VALUE_ERROR,
    VALUE_RETRY_AFTER,
    VALUES,
};

const char *const work_value_names[] = {
    [VALUE_STREAM] = "stream",
    [VALUE_TOPIC] = "topic",
    [VALUE_GROUP] = "group",
    [VALUE_INSTANCE] = "instance",
    [VALUE_STATE] = "state",
    [VALUE_HEALTH] = "health",
    [VALUE_CONSUMING] = "consuming",
    [VALUE_CONSUMERS] = "consumers",
    [VALUE_PAUSED] = "paused",
    [VALUE_CONCURRENCY] = "concurrency",
    [VALUE_PROCESSING_TIME] = "processing_time_ms",
    [VALUE_TAKEN] = "taken",
    [VALUE_DONE] = "done",
    [VALUE_DEAD] = "dead",
    [VALUE_ATTEMPTS] = "attempts",
    [VALUE_RETRIES] = "retries",
    [VALUE_WAITING] = "waiting",
    [VALUE_RUNNING] = "running",
    [VALUE_RESTING] = "resting",
    [VALUE_LAST_DONE] = "last_done",
    [VALUE_ASSIGNED] = "assigned",
    [VALUE_PARTITIONS] = "partitions",
    [VALUE_COUNTS] = "counts",
    [VALUE_ERROR] = "error",
    [VALUE_RETRY_AFTER] = "retry_after",
    [VALUES] = NULL,
};

/* What the values point to, until the answer is written. */
struct facts {
    char last_done[CLOCK_RFC3339_SIZE];
    char *partitions, *counts; /* from yyjson, or NULL */
};

static void fill_identity(const struct work *work, struct template_value values[VALUES])
{
    struct work_identity identity;
    struct error err;
    work_identity(work, &identity);
    bool consuming = work_ready(work, &err);
    values[VALUE_STREAM] = template_text(text_of(identity.stream));
    values[VALUE_TOPIC] = template_text(text_of(identity.topic));
    values[VALUE_GROUP] = template_text(text_of(identity.group));
    values[VALUE_INSTANCE] = template_text(text_of(identity.member));
    values[VALUE_STATE] = template_text(text_of(identity.state));
    values[VALUE_HEALTH] = template_text(consuming ? TEXT("UP") : TEXT("DOWN"));
    values[VALUE_CONSUMING] = template_bool(consuming);
    values[VALUE_CONSUMERS] = template_int(consuming);
}

static void fill_setting(const struct work *work, struct template_value values[VALUES])
{
    struct work_setting setting;
    work_get(work, &setting);
    values[VALUE_PAUSED] = template_bool(setting.paused);
    values[VALUE_CONCURRENCY] = template_int((int64_t)setting.concurrency);
    if (setting.has_time)
        values[VALUE_PROCESSING_TIME] = template_int((int64_t)(setting.time_us / 1000));
}

static void fill_counts(const struct work *work, struct facts *facts, struct template_value values[VALUES])
{
    struct work_counts counts;
    work_counts(work, &counts);
    values[VALUE_TAKEN] = template_int((int64_t)counts.taken);
    values[VALUE_DONE] = template_int((int64_t)counts.done);
    values[VALUE_DEAD] = template_int((int64_t)counts.dead);
    values[VALUE_ATTEMPTS] = template_int((int64_t)counts.attempts);
    values[VALUE_RETRIES] = template_int((int64_t)counts.retries);
    values[VALUE_WAITING] = template_int((int64_t)counts.waiting);
    values[VALUE_RUNNING] = template_int((int64_t)counts.running);
    values[VALUE_RESTING] = template_int((int64_t)counts.resting);
    values[VALUE_ASSIGNED] = template_int((int64_t)counts.partitions);
    if (counts.ended_us == 0)
        return;
    clock_rfc3339(clock_wall_us() - (int64_t)(clock_us() - counts.ended_us), facts->last_done);
    values[VALUE_LAST_DONE] = template_text(text_of(facts->last_done));
}

/* Costs more than the others: only where the template shows it. The caller frees the text. */
static char *fill_json(const struct work *work, const struct template *template, enum work_value slot, work_plain list,
                       struct template_value values[VALUES])
{
    if (!template_uses(template, slot))
        return NULL;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    size_t size = 0;
    char *text = yyjson_mut_val_write(list(work, doc), YYJSON_WRITE_NOFLAG, &size);
    yyjson_mut_doc_free(doc);
    if (text != NULL)
        values[slot] = template_json((struct text){ text, size });
    return text;
}

void work_reply(struct route *route, struct http_request *request, work_plain plain)
{
    const struct work *work = route->work;
    const struct template *template = route->replies.templates[0];
    if (template == NULL) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        json_reply(request, 200, doc, plain(work, doc));
        return;
    }
    struct template_value values[VALUES] = { { .type = TEMPLATE_NULL } };
    struct facts facts;
    fill_identity(work, values);
    fill_setting(work, values);
    fill_counts(work, &facts, values);
    facts.partitions = fill_json(work, template, VALUE_PARTITIONS, work_partition_numbers, values);
    facts.counts = fill_json(work, template, VALUE_COUNTS, work_partition_counts, values);
    reply_accepted(&route->replies, request, values);
    free(facts.partitions);
    free(facts.counts);
}

void work_reply_failed(struct route *route, struct http_request *request, const struct error *err)
{
    struct template_value values[VALUES] = { { .type = TEMPLATE_NULL } };
    struct facts facts;
    fill_identity(route->work, values);
    fill_setting(route->work, values);
    fill_counts(route->work, &facts, values);
    reply_failed(&route->replies, request, values, err, 0);
}
