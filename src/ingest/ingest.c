#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/memory.h"
#include "ingest/ingest_trace.h"
#include "ingest/kept_event.h"

#include <yyjson.h>

struct ingest {
    struct ingest_options options;
    struct limiter *limiter; /* NULL: all is admitted */
    struct ingest_trace trace;
    struct buffer value; /* scratch: the event as it is sent */
    enum ingest_key_kind key_kind;
    struct text key_name;
};

static int refuse(struct ingest_request *request, uint64_t retry_after_us, int code)
{
    request->retry_after_us = retry_after_us;
    return code;
}

static int decision_error(struct limiter_decision decision, struct error *err)
{
    switch (decision.outcome) {
    case LIMITER_LIMITED:
        return error_set(err, E_LIMITED, "Too many requests");
    case LIMITER_TOO_LARGE:
        return error_set(err, E_TOO_LARGE, "more events at once than the limit's burst");
    case LIMITER_UNAVAILABLE:
        return error_set(err, E_UNAVAILABLE, "the rate limiter is unavailable");
    case LIMITER_ADMITTED:
    case LIMITER_PENDING:
        break;
    }
    return 0;
}

static void finish(struct ingest_request *request, const struct ingest_result *result)
{
    request->done(request->arg, result);
}

/* A client that reads no codes shall see too whether sending the event again may store it twice. */
static void tell_failure(const struct delivery *delivery, struct error *err)
{
    int code = delivery->code == E_CANCELED ? E_UNAVAILABLE : delivery->code;
    if (delivery->status == DELIVERY_POSSIBLY_PERSISTED)
        error_set(err, code, "it cannot be known whether the event was stored: after %.1f s %s", (double)delivery->latency_us / 1e6,
                  delivery->sentence);
    else
        error_set(err, code, "the event was not stored: %s", delivery->sentence);
}

static void on_delivery(void *arg, const struct delivery *delivery)
{
    struct ingest_request *request = arg;
    struct error err = { 0 };
    if (delivery->code != 0)
        tell_failure(delivery, &err);
    finish(request, &(struct ingest_result){
                        .code = err.code,
                        .sentence = err.message,
                        .retry_after_us = err.code == E_UNAVAILABLE ? producer_topic_retry_after_us(request->ingest->options.topic) : 0,
                        .partition = delivery->partition,
                        .offset = delivery->offset,
                        .delivery = delivery,
                    });
}

static int send_event(struct ingest_request *request, const struct kept_event *event, struct error *err)
{
    struct producer_header headers[INGEST_HEADERS_MAX + 1];
    headers[0] = (struct producer_header){ TEXT("traceparent"), { event->traceparent, TRACE_PARENT_SIZE - 1 } };
    for (size_t i = 0; i < event->header_count; i++)
        headers[i + 1] = event->headers[i];
    struct producer_record record = {
        .key = event->key,
        .value = event->value,
        .headers = headers,
        .header_count = event->header_count + 1,
        .partition = PRODUCER_ANY_PARTITION,
        .trace = &request->trace,
    };
    struct producer_topic *topic = request->ingest->options.topic;
    int code = producer_send(&request->send, topic, &record, on_delivery, request, err);
    return code == E_UNAVAILABLE ? refuse(request, producer_topic_retry_after_us(topic), code) : refuse(request, 0, code);
}

/* The limiter has answered an event that had to wait for it. */
static void on_decided(void *arg, struct limiter_decision decision)
{
    struct ingest_request *request = arg;
    struct kept_event *event = request->kept;
    request->kept = NULL;
    request->retry_after_us = decision.wait_us;
    request->waited_until_us = clock_us();

    struct error err = { 0 };
    int code = decision_error(decision, &err);
    if (code == 0)
        code = send_event(request, event, &err);
    kept_event_free(event);
    if (code != 0)
        finish(request, &(struct ingest_result){ code, err.message, request->retry_after_us, -1, -1, NULL });
}

/* The field's text as it stands in the event; numbers in their digits. */
static struct text field_of(yyjson_doc *doc, struct text name)
{
    yyjson_val *value = yyjson_obj_getn(yyjson_doc_get_root(doc), name.data, name.size);
    if (yyjson_is_str(value) || yyjson_is_raw(value))
        return (struct text){ yyjson_is_str(value) ? yyjson_get_str(value) : yyjson_get_raw(value), yyjson_get_len(value) };
    return TEXT_NONE;
}

/* Sends the event, or keeps it until the limiter has answered. */
static int limit_and_send(struct ingest_request *request, const struct ingest_event *source, struct text limit_key,
                          const struct kept_event *event, struct error *err)
{
    struct limiter *limiter = request->ingest->limiter;
    if (limiter == NULL)
        return send_event(request, event, err);

    uint64_t now_us = clock_us();
    const struct limiter_cause cause = { *source->trace, source->trace_state };
    struct limiter_decision decision = limiter_take(limiter, limit_key, 1, now_us, &cause, on_decided, request);
    if (decision.outcome == LIMITER_ADMITTED)
        return send_event(request, event, err);
    if (decision.outcome != LIMITER_PENDING)
        return refuse(request, decision.wait_us, decision_error(decision, err));
    request->kept = kept_event_copy(event);
    request->waited_from_us = now_us;
    return 0;
}

static int submit_shaped(struct ingest_request *request, const struct ingest_event *event, const char *traceparent, struct error *err)
{
    struct ingest *ingest = request->ingest;
    struct kept_event shaped = {
        .key = event->key,
        .value = buffer_as_text(&ingest->value),
        .traceparent = traceparent,
        .headers = event->headers,
        .header_count = event->header_count,
    };
    yyjson_doc *doc = NULL;
    if (ingest->key_kind == INGEST_KEY_FIELD) {
        doc = yyjson_read(ingest->value.data, ingest->value.size, YYJSON_READ_NUMBER_AS_RAW);
        shaped.key = field_of(doc, ingest->key_name);
    }
    if (shaped.key.size == 0)
        shaped.key = TEXT_NONE; /* "?key=": all of these would go to one partition */
    bool by_key = ingest_limit_per(ingest) == LIMITER_PER_KEY;
    int code = limit_and_send(request, event, by_key ? shaped.key : event->limit_key, &shaped, err);
    yyjson_doc_free(doc);
    return code;
}

int ingest_submit(struct ingest_request *request, struct ingest *ingest, const struct ingest_event *event, ingest_cb done, void *arg,
                  struct error *err)
{
    *request = (struct ingest_request){ .ingest = ingest, .done = done, .arg = arg };
    ingest_trace_begin(&ingest->trace, request, event);

    int code = producer_topic_admits(ingest->options.topic, err);
    if (code != 0)
        return refuse(request, producer_topic_retry_after_us(ingest->options.topic), code);

    char traceparent[TRACE_PARENT_SIZE];
    trace_parent_text(&request->trace, traceparent);
    struct shape_context context = {
        .random = ingest->options.random,
        .wall_us = clock_wall_us(),
        .trace_id = trace_parent_id(traceparent),
    };
    buffer_clear(&ingest->value);
    code = shape_apply(ingest->options.shape, event->body, &context, &ingest->value, err);
    if (code != 0)
        return code;
    return submit_shaped(request, event, traceparent, err);
}

struct ingest *ingest_open(const struct ingest_options *options, struct error *err)
{
    struct ingest *ingest = mem_zalloc(sizeof(*ingest));
    ingest->options = *options;
    if (ingest_key_parse(options->config->key, &ingest->key_kind, &ingest->key_name, err) != 0) {
        shape_free(options->shape);
        mem_free(ingest);
        return NULL;
    }
    ingest_trace_init(&ingest->trace, options);
    if (options->config->limit.rate > 0)
        ingest->limiter = limiter_start(&(struct limiter_options){
            .loop = options->loop,
            .redis = options->redis,
            .config = &options->config->limit,
            .stream = options->stream,
            .tracer = options->tracer,
            .metrics = options->metrics,
            .stats = options->stats,
        });
    return ingest;
}

struct closing {
    struct ingest *ingest;
    uv_check_t turn; /* without a limiter: `closed` fires in a later turn all the same */
    void (*closed)(void *arg);
    void *arg;
};

static void on_limiter_closed(void *arg)
{
    struct closing *closing = arg;
    shape_free(closing->ingest->options.shape);
    buffer_free(&closing->ingest->value);
    mem_free(closing->ingest);
    closing->closed(closing->arg);
    mem_free(closing);
}

static void on_turn_closed(uv_handle_t *handle)
{
    on_limiter_closed(handle->data);
}

void ingest_close(struct ingest *ingest, void (*closed)(void *arg), void *arg)
{
    struct closing *closing = mem_zalloc(sizeof(*closing));
    *closing = (struct closing){ .ingest = ingest, .closed = closed, .arg = arg };
    if (ingest->limiter != NULL) {
        limiter_close(ingest->limiter, on_limiter_closed, closing);
        return;
    }
    uv_check_init(ingest->options.loop, &closing->turn);
    closing->turn.data = closing;
    uv_close((uv_handle_t *)&closing->turn, on_turn_closed);
}

void ingest_set_limit(struct ingest *ingest, double rate, int64_t burst)
{
    limiter_change(ingest->limiter, rate, burst);
}

bool ingest_limiter_ready(const struct ingest *ingest, struct error *err)
{
    return ingest->limiter == NULL || limiter_ready(ingest->limiter, err);
}

const char *ingest_topic(const struct ingest *ingest)
{
    return producer_topic_name(ingest->options.topic);
}

enum ingest_key_kind ingest_key_kind(const struct ingest *ingest)
{
    return ingest->key_kind;
}

const char *ingest_key_name(const struct ingest *ingest)
{
    return ingest->key_name.data;
}

enum limiter_per ingest_limit_per(const struct ingest *ingest)
{
    return ingest->limiter == NULL ? LIMITER_PER_GLOBAL : limiter_per(ingest->limiter);
}

const char *ingest_header_name(const struct ingest *ingest, size_t i)
{
    const struct config_list *headers = &ingest->options.config->headers;
    return i < headers->count ? ((const char *const *)headers->items)[i] : NULL;
}

void ingest_tell_spans(const struct ingest_request *request, const struct ingest_result *result, bool notable)
{
    ingest_trace_tell(&request->ingest->trace, request, result == NULL ? NULL : result->delivery, notable);
}
