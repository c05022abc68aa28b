#include "work/work.h"

#include "base/memory.h"
#include "work/work_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- what the group tells --- */

static void *on_assigned(void *owner, struct consumer_partition *source, int32_t number, const struct consumer_beginning *beginning)
{
    struct work *work = owner;
    metric_add(work->series.assigned, 1);
    struct partition *partition = partition_new(work, source, number, beginning->offset);
    commit_restore(partition, beginning);
    return partition;
}

static void on_ready(void *owner, void *object)
{
    intake_wants(object);
    work_turn_soon(owner);
}

static void on_revoked(void *owner, void *const *partitions, size_t count)
{
    struct work *work = owner;
    metric_add(work->series.revoked, (double)count);
    give_up_begin(work, partitions, count);
}

static void on_lost(void *owner, void *const *partitions, size_t count)
{
    struct work *work = owner;
    metric_add(work->series.lost, (double)count);
    for (size_t i = 0; i < count; i++)
        partition_leave(partitions[i]);
    give_up_lost(work);
}

static void on_offsets_missing(void *owner, void *object, int64_t from, int64_t to)
{
    struct work *work = owner;
    struct partition *partition = object;
    metric_add(work->series.offsets_missing, (double)(to - from));
    offsets_skip_to(&partition->offsets, to);
}

static void on_broken(void *owner)
{
    struct work *work = owner;
    metric_add(work->series.broken, 1);
}

static void on_doubt(void *owner)
{
    struct work *work = owner;
    work_hold(work, HOLD_DOUBT);
    list_each(link, &work->partitions)
        list_entry(link, struct partition, link)->committing = OFFSET_NONE; /* so that it is sent, news or not */
    alarm_set(&work->alarm, &work->commit_due.entry, 0);
}

static void on_sure(void *owner)
{
    work_let_go(owner, HOLD_DOUBT);
}

static const struct consumer_events events = {
    .on_assigned = on_assigned,
    .on_ready = on_ready,
    .on_revoked = on_revoked,
    .on_lost = on_lost,
    .on_offsets_missing = on_offsets_missing,
    .on_broken = on_broken,
    .on_doubt = on_doubt,
    .on_sure = on_sure,
};

/* --- start --- */

static void on_due(void *arg, struct agenda_entry *entry, uint64_t now_us)
{
    struct due *due = list_entry(entry, struct due, entry);
    due->on_due(due, now_us);
}

static int check_options(const struct work_options *options, struct error *err)
{
    const char *dead = options->config->dead.name;
    if (dead != NULL && strcmp(dead, options->topic) == 0)
        return error_set(err, E_INVALID, "the dead letters of %s would come back to it: found dead %s; allowed: another topic",
                         options->topic, dead);
    const char *output = options->config->output.name;
    if (output != NULL && strcmp(output, options->topic) == 0)
        return error_set(err, E_INVALID, "the output of %s would come back to it: found output %s; allowed: another topic", options->topic,
                         output);
    if (options->config->guarantee == WORK_EXACTLY_ONCE && options->target.embedded != NULL)
        return error_set(err, E_INVALID,
                         "the embedded cluster keeps no transaction apart: found guarantee exactly_once with it; allowed: "
                         "with kafka.brokers");
    return 0;
}

static struct consumer_options membership(const struct work_options *options)
{
    const struct work_config *config = options->config;
    return (struct consumer_options){
        .target = options->target,
        .name = options->stream,
        .topic = options->topic,
        .group = config->group,
        .instance = config->instance,
        .protocol = (enum consumer_protocol)config->protocol,
        .assignor = work_assignor_name(config),
        .start = (enum consumer_start)config->start,
        .session_us = work_session_us(config),
        .heartbeat_us = work_heartbeat_us(config),
        .max_poll_us = config->max_poll_us,
        .prefetch_bytes = config->prefetch_bytes,
        .partitions = options->partitions,
        .properties = &config->properties,
    };
}

static struct consumer *open_consumer(struct work *work, struct error *err)
{
    struct consumer_options options = membership(&work->options);
    options.loop = work->shared->loop;
    options.headers = work->handler->headers || work->config->dead.name != NULL || work->config->output.name != NULL ||
                      tracer_is_on(work->options.tracer);
    options.statistics = work->shared->statistics;
    options.events = &events;
    options.owner = work;
    return consumer_open(&options, err);
}

/* A name that outlives the process lets the next one end at once what this one leaves open; else that waits for its timeout. */
static void name_transactions(struct work *work)
{
    const struct work_config *config = work->config;
    struct buffer id = { 0 };
    buffer_printf(&id, "%s.%s.", config->group, work->options.stream);
    if (config->instance != NULL)
        buffer_string(&id, config->instance);
    else
        buffer_printf(&id, "%016" PRIx64, random_next(&work->random));
    buffer_char(&id, '\0');
    work->transactional_id = id.data;
}

static struct transactor_options transactions(const struct work_options *options, const char *id)
{
    return (struct transactor_options){
        .target = options->target,
        .name = options->stream,
        .id = id,
        .config = options->producer,
        .timeout_us = options->config->commit.timeout_us,
    };
}

static int open_transactor(struct work *work, struct error *err)
{
    if (work->config->guarantee != WORK_EXACTLY_ONCE)
        return 0;
    name_transactions(work);
    struct transactor_options options = transactions(&work->options, work->transactional_id);
    options.loop = work->shared->loop;
    work->transactor = transactor_open(&options, err);
    return work->transactor == NULL ? err->code : 0;
}

static int check_transactions(const struct work_options *options, struct error *err)
{
    const struct transactor_options transactor = transactions(options, options->config->group);
    return options->config->guarantee == WORK_EXACTLY_ONCE ? transactor_check(&transactor, err) : 0;
}

int work_check(const struct work_options *options, struct error *err)
{
    const struct handler *handler = handler_of(&options->config->handler);
    if (check_options(options, err) != 0 || (handler->check != NULL && handler->check(&options->config->handler, err) != 0))
        return err->code;
    if (check_transactions(options, err) != 0)
        return err->code;
    struct consumer_options consumer = membership(options);
    return consumer_check(&consumer, err);
}

static int open_handler(struct work *work, struct error *err)
{
    work->handler = handler_of(&work->config->handler);
    work->handler_context = (struct handler_context){
        .loop = work->shared->loop,
        .pool = work->shared->pool,
        .random = &work->random,
        .stream = work->options.stream,
        .traced = tracer_is_on(work->options.tracer),
    };
    return work->handler->open(&work->handler_state, &work->handler_context, &work->config->handler, err);
}

static void name_member(struct work *work)
{
    char host[65] = "";
    size_t size = sizeof(host);
    if (uv_os_gethostname(host, &size) != 0)
        strcpy(host, "millrace");
    snprintf(work->member, sizeof(work->member), "%s-%d", host, (int)uv_os_getpid());
}

static void init(struct work *work, const struct work_options *options)
{
    const struct work_config *config = options->config;
    work->options = *options;
    work->config = config;
    work->shared = options->shared;
    random_init(&work->random);
    name_member(work);
    work->retry = (struct retry_policy){ .retries = (unsigned)config->retry.retries,
                                         .base_us = config->retry.base_us,
                                         .max_us = config->retry.max_us,
                                         .jitter_us = config->retry.jitter_us };
    scheduler_init(&work->own_slots, (size_t)config->concurrency);
    work->slots = config->concurrency > 0 ? &work->own_slots : &work->shared->slots;
    schedule_stream_init(&work->schedule, work->slots);
    work->queue.limit = (size_t)config->queue;
    work->records.limit = (size_t)config->window.records;
    work->bytes.limit = (size_t)config->window.bytes;
    list_init(&work->partitions);
    list_init(&work->hungry);
    list_init(&work->cut);
    gate_init(&work->gate);
    run_init(work);
    give_up_init(work);
}

/* From here on there are handles, so nothing may fail. */
static void open_handles(struct work *work)
{
    alarm_init(&work->alarm, work->shared->loop, on_due, work);
    gate_enter(&work->gate);
    work_turn_init(work);
    gate_enter(&work->gate);
    drain_init(work);
    trim_init(work);
    work_series_init(work);
    work_trace_init(work);
    commit_start(work);
    list_push(&work->shared->works, &work->link);
}

static void on_given_up(void *arg)
{
    struct work *work = arg;
    mem_free(work->transactional_id);
    mem_free(work);
}

static void on_handler_given_up(void *arg)
{
    struct work *work = arg;
    if (work->transactor != NULL)
        transactor_close(work->transactor, on_given_up, work);
    else
        on_given_up(work);
}

struct work *work_start(const struct work_options *options, struct error *err)
{
    if (check_options(options, err) != 0)
        return NULL;
    struct work *work = mem_zalloc(sizeof(*work));
    init(work, options);
    if (open_handler(work, err) != 0) {
        mem_free(work);
        return NULL;
    }
    if (open_transactor(work, err) == 0)
        work->consumer = open_consumer(work, err);
    if (work->consumer == NULL) {
        work->handler->close(work->handler_state, on_handler_given_up, work);
        return NULL;
    }
    open_handles(work);
    return work;
}

void work_set_queue(struct work *work, size_t queue)
{
    work->queue.limit = queue;
    work_turn_soon(work);
}

void work_set_own_slots(struct work *work, size_t concurrency)
{
    work->own_slots.limit = concurrency;
    work_turn_soon(work);
}

bool work_ready(const struct work *work, struct error *err)
{
    if (work->closing || work->draining || work->stopped) {
        error_set(err, E_UNAVAILABLE, "the work of %s is ending", work->options.stream);
        return false;
    }
    if (work->unavailable > 0) {
        error_set(err, E_UNAVAILABLE, "the work of %s waits for what it needs, which is away", work->options.stream);
        return false;
    }
    if (work_is_exactly_once(work) && !transactor_ready(work->transactor, err))
        return false;
    return consumer_ready(work->consumer, err);
}
