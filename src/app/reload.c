#include "app/reload.h"

#include "base/log.h"

#include <signal.h>
#include <string.h>

/* --- can this process take it? --- */

static int check_stream(const struct stream_config *running, const struct stream_config *fresh, struct error *err)
{
    if ((running->ingest.limit.rate > 0) != (fresh->ingest.limit.rate > 0))
        return error_set(err, E_INVALID, "streams.%s.ingest.limit.rate: a limit begins or ends with the process only", running->name);
    if ((running->work.concurrency > 0) != (fresh->work.concurrency > 0))
        return error_set(err, E_INVALID, "streams.%s.work.concurrency: slots of its own begin or end with the process only", running->name);
    return 0;
}

static int check(const struct settings *running, const struct settings *fresh, struct error *err)
{
    if (fresh->pool.workers > running->pool.max)
        return error_set(err, E_INVALID, "pool.workers: found %lld; allowed: up to %lld, the pool.max of the start",
                         (long long)fresh->pool.workers, (long long)running->pool.max);
    const struct stream_config *streams = running->streams.items;
    for (size_t i = 0; i < running->streams.count; i++) {
        const struct stream_config *stream = settings_stream(fresh, streams[i].name);
        if (stream != NULL && check_stream(&streams[i], stream, err) != 0)
            return err->code;
    }
    return 0;
}

/* --- what differs is changed; the rest stays, for an action may have changed it --- */

static void change_limit(struct stream *stream, struct limiter_config *running, const struct limiter_config *fresh)
{
    if (running->rate == fresh->rate && running->burst == fresh->burst)
        return;
    running->rate = fresh->rate;
    running->burst = fresh->burst;
    if (stream->ingest != NULL)
        ingest_set_limit(stream->ingest, fresh->rate, fresh->burst);
}

static void change_bounds(struct stream *stream, struct work_config *running, const struct work_config *fresh)
{
    if (stream->work != NULL && running->queue != fresh->queue)
        work_set_queue(stream->work, (size_t)fresh->queue);
    if (stream->work != NULL && running->concurrency != fresh->concurrency)
        work_set_own_slots(stream->work, (size_t)fresh->concurrency);
    running->queue = fresh->queue;
    running->concurrency = fresh->concurrency;
}

static void change_access_logs(struct node *node, struct config_list *running, const struct config_list *fresh)
{
    struct listener_config *listeners = running->items;
    const struct listener_config *others = fresh->items;
    for (size_t i = 0; i < running->count; i++) {
        for (size_t k = 0; k < fresh->count; k++)
            if (strcmp(listeners[i].name, others[k].name) == 0)
                listeners[i].http.access_log = others[k].http.access_log;
        if (node->routes[i].http != NULL)
            http_listener_set_access_log(node->routes[i].http, &listeners[i].http.access_log);
    }
}

static void change(struct reload *reload, const struct settings *fresh)
{
    struct node *node = reload->node;
    struct settings *running = reload->settings;
    if (running->log.level != fresh->log.level)
        log_set_level(fresh->log.level);
    running->log.level = fresh->log.level;
    if (running->pool.workers != fresh->pool.workers)
        work_shared_set_slots(&node->shared, (size_t)fresh->pool.workers);
    running->pool.workers = fresh->pool.workers;

    change_access_logs(node, &running->listeners, &fresh->listeners);

    struct stream_config *streams = running->streams.items;
    for (size_t i = 0; i < running->streams.count; i++) {
        const struct stream_config *stream = settings_stream(fresh, streams[i].name);
        if (stream == NULL)
            continue;
        change_limit(&node->streams[i], &streams[i].ingest.limit, &stream->ingest.limit);
        change_bounds(&node->streams[i], &streams[i].work, &stream->work);
    }
}

/* --- the signal --- */

struct differences {
    struct buffer changed, kept; /* names of keys */
};

static void on_difference(void *arg, const char *path, bool adopted)
{
    struct differences *differences = arg;
    struct buffer *names = adopted ? &differences->changed : &differences->kept;
    buffer_printf(names, "%s%s", names->size == 0 ? "" : ", ", path);
}

static void adopt(struct reload *reload, const struct settings *fresh, const struct config *config)
{
    struct differences differences = { 0 };
    config_adopt(reload->node->config, config, on_difference, &differences);
    change(reload, fresh);
    struct text changed = differences.changed.size == 0 ? TEXT("nothing") : buffer_as_text(&differences.changed);
    log_info("reload", "changed: %.*s", TEXT_ARG(changed));
    if (differences.kept.size > 0)
        log_warn("reload", "not changed, for it needs a restart: %.*s", TEXT_ARG(buffer_as_text(&differences.kept)));
    buffer_free(&differences.changed);
    buffer_free(&differences.kept);
}

static void log_mistakes(const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct config_mistake *mistake = &report->mistakes[i];
        log_error("reload", "%s:%u: %s: %s", mistake->file, mistake->line, mistake->path, mistake->message);
    }
}

static void read_again(struct reload *reload)
{
    struct settings fresh;
    struct config_report report = { 0 };
    struct error err = { 0 };
    struct config *config = settings_read(&fresh, reload->source, &report);
    log_mistakes(&report);
    settings_log_warnings(&report);
    if (report.count > 0)
        log_error("reload", "nothing is changed: the configuration has %zu mistakes", report.count);
    else if (check(reload->settings, &fresh, &err) != 0)
        log_error("reload", "nothing is changed: %s", err.message);
    else
        adopt(reload, &fresh, config);
    config_free(config);
}

static void on_hangup(uv_signal_t *signal, int signum)
{
    struct reload *reload = signal->data;
    if (reload->node->health.stopping)
        return;
    if (reload->source->file == NULL)
        log_info("reload", "SIGHUP changes nothing: there is no file to read again");
    else
        read_again(reload);
}

void reload_watch(struct reload *reload, struct node *node, struct settings *settings, const struct settings_source *source)
{
    *reload = (struct reload){ .node = node, .settings = settings, .source = source };
    uv_signal_init(&node->loop, &reload->hangup);
    reload->hangup.data = reload;
    uv_signal_start(&reload->hangup, on_hangup, SIGHUP);
}

void reload_close(struct reload *reload)
{
    uv_close((uv_handle_t *)&reload->hangup, NULL);
}
