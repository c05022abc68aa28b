#include "trace/tracer.h"

#include "base/log.h"
#include "base/memory.h"
#include "trace/sampler.h"
#include "trace/span_site.h"
#include "trace/span_store.h"
#include "trace/wall_anchor.h"

#include <assert.h>
#include <stdalign.h>

#define NOTABLE_SHARE 4  /* the second ring is this part of the first */
#define NOTABLE_STEPS 64 /* back from the newest span of a bucket: what a notable local root may cost */

struct tracer {
    bool on;
    struct sampler sampler;
    struct trace_keep_config keep;
    int64_t record_traces;      /* a second */
    int64_t record_traces_left; /* in this one */
    uint64_t second_us;         /* when it began */
    struct random *random;
    struct list sites;
    bool anchored;
    struct wall_anchor anchor;
    struct span_store recent;
    struct span_store notable;
    struct series *sampled, *kept, *forgotten; /* local roots */
    struct series *told, *overwritten;         /* spans */
    alignas(8) char scratch[SPAN_RECORD_MAX];
};

static void find_series(struct tracer *tracer, struct metrics *metrics)
{
    tracer->sampled = metric(metrics, METRIC_TRACE_ROOTS, "sampled");
    tracer->kept = metric(metrics, METRIC_TRACE_ROOTS, "kept");
    tracer->forgotten = metric(metrics, METRIC_TRACE_ROOTS, "forgotten");
    tracer->told = metric(metrics, METRIC_TRACE_SPANS);
    tracer->overwritten = metric(metrics, METRIC_TRACE_SPANS_OVERWRITTEN);
}

struct tracer *tracer_new(const struct trace_config *config, struct random *random, struct metrics *metrics)
{
    struct tracer *tracer = mem_zalloc(sizeof(*tracer));
    tracer->on = !config->disabled;
    tracer->keep = config->keep;
    tracer->record_traces = tracer->record_traces_left = config->record_traces;
    tracer->random = random;
    list_init(&tracer->sites);
    sampler_init(&tracer->sampler, config->disabled ? SAMPLER_PARENT_ALWAYS_OFF : (enum trace_sampler)config->sampler, config->ratio);
    find_series(tracer, metrics);
    if (!tracer->on)
        return tracer;
    span_store_init(&tracer->recent, config->memory_bytes);
    span_store_init(&tracer->notable, config->memory_bytes / NOTABLE_SHARE);
    assert(trace_ring_record_max(&tracer->notable.ring) >= SPAN_RECORD_MAX);
    return tracer;
}

void tracer_free(struct tracer *tracer)
{
    list_each(link, &tracer->sites)
        span_site_free(list_entry(link, struct span_site, link));
    span_store_close(&tracer->recent);
    span_store_close(&tracer->notable);
    mem_free(tracer);
}

struct span_site *tracer_site(struct tracer *tracer, const char *name, enum span_kind kind, const struct span_constant *constants,
                              size_t constant_count, const char *const *keys, size_t key_count)
{
    struct span_site *site = span_site_new(name, kind, constants, constant_count, keys, key_count);
    list_push(&tracer->sites, &site->link);
    return site;
}

/* As OpenTelemetry's samplers, also for children: those that are not parent-based do not care for the parent. */
void tracer_begin(struct tracer *tracer, struct trace_context *context, const struct trace_context *parent)
{
    if (parent == NULL)
        trace_start(context, tracer->random);
    else
        trace_child(context, parent, tracer->random);
    trace_set_sampled(context, sampler_decides(&tracer->sampler, context->trace_id, parent));
}

bool tracer_begin_record(struct tracer *tracer, struct trace_context *context, const struct trace_context *parent, uint64_t now_us)
{
    *context = (struct trace_context){ .flags = 0 };
    if (parent == NULL && now_us - tracer->second_us >= 1000000) {
        tracer->second_us = now_us;
        tracer->record_traces_left = tracer->record_traces;
    }
    if (parent == NULL && tracer->record_traces_left == 0)
        return false;
    tracer->record_traces_left -= parent == NULL;
    tracer_begin(tracer, context, parent);
    return true;
}

void tracer_begin_late(struct tracer *tracer, struct trace_context *context)
{
    trace_start(context, tracer->random);
}

bool tracer_is_on(const struct tracer *tracer)
{
    return tracer->on;
}

/* What was told of a trace before it turned out to be notable: the request that a failed job came from. */
static void hold_longer(struct tracer *tracer, const uint8_t trace_id[16])
{
    struct span_walk walk;
    struct text record;
    span_walk_begin(&walk, &tracer->recent, trace_id, NOTABLE_STEPS);
    while (span_walk_next(&walk, &record)) {
        if (span_record_outline(record)->notable)
            continue;
        span_record_outline_of((char *)record.data)->notable = true; /* the ring is ours */
        memcpy(tracer->scratch, record.data, record.size);
        span_store_add(&tracer->notable, tracer->scratch, record.size);
    }
}

enum trace_fate tracer_keeps(struct tracer *tracer, struct span_site *site, const struct trace_context *context, bool failed,
                             uint64_t started_us, uint64_t ended_us)
{
    if (!tracer->on)
        return TRACE_FORGOTTEN;
    bool sampled = trace_is_sampled(context);
    if (sampled)
        span_store_expect(&tracer->recent, context->trace_id);
    bool slow = slowest_takes(&site->slowest, (uint32_t)tracer->keep.slowest, ended_us - started_us, ended_us);
    bool kept = slow || (failed && tracer->keep.failures);
    struct series *unsampled = kept ? tracer->kept : tracer->forgotten;
    metric_add(sampled ? tracer->sampled : unsampled, 1);
    bool notable = kept || (failed && sampled);
    if (notable && sampled) /* else nothing was told of it before, but for what is notable itself */
        hold_longer(tracer, context->trace_id);
    if (notable)
        return TRACE_NOTABLE;
    return sampled ? TRACE_KEPT : TRACE_FORGOTTEN;
}

enum trace_fate tracer_keeps_failure(const struct tracer *tracer, const struct trace_context *context)
{
    return tracer->on && (tracer->keep.failures || trace_is_sampled(context)) ? TRACE_NOTABLE : TRACE_FORGOTTEN;
}

void tracer_add(struct tracer *tracer, const struct span *span)
{
    if (!tracer->on)
        return;
    uint64_t forgotten = tracer->recent.ring.forgotten;
    size_t size = span_record_write(span, span->site->key_count, tracer->scratch);
    span_store_add(&tracer->recent, tracer->scratch, size);
    if (span_record_outline_of(tracer->scratch)->notable)
        span_store_add(&tracer->notable, tracer->scratch, size);
    metric_add(tracer->told, 1);
    metric_add(tracer->overwritten, (double)(tracer->recent.ring.forgotten - forgotten));
}

int64_t tracer_wall_offset(struct tracer *tracer, uint64_t clock_us, int64_t wall_us)
{
    if (!tracer->anchored)
        wall_anchor_init(&tracer->anchor, clock_us, wall_us);
    tracer->anchored = true;
    int64_t step = wall_anchor_follow(&tracer->anchor, clock_us, wall_us);
    if (step != 0)
        log_warn("trace", "the wall clock was stepped by %.3f s: spans follow it", (double)step / 1e6);
    return tracer->anchor.offset_us;
}

uint64_t tracer_added(const struct tracer *tracer)
{
    return tracer->recent.ring.added;
}

const struct span_store *tracer_recent(const struct tracer *tracer)
{
    return &tracer->recent;
}

const struct span_store *tracer_notable(const struct tracer *tracer)
{
    return &tracer->notable;
}

static bool next_of(const struct trace_ring *ring, struct trace_cursor *cursor, struct span_held *held, uint64_t *missed)
{
    struct text record;
    if (!trace_ring_next(ring, cursor, &record, missed))
        return false;
    span_record_read(record, held);
    return true;
}

bool tracer_next(const struct tracer *tracer, struct trace_cursor *cursor, struct span_held *held, uint64_t *missed)
{
    return next_of(&tracer->recent.ring, cursor, held, missed);
}

bool tracer_next_notable(const struct tracer *tracer, struct trace_cursor *cursor, struct span_held *held)
{
    return next_of(&tracer->notable.ring, cursor, held, NULL);
}
