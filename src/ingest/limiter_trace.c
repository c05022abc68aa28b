#include "ingest/limiter_trace.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/memory.h"

enum value { RESPONSE_STATUS, ERROR_TYPE, VALUES };

void limiter_trace_init(struct limiter_trace *trace, struct tracer *tracer, const struct redis *redis)
{
    static const char *const keys[VALUES] = { [RESPONSE_STATUS] = "db.response.status_code", [ERROR_TYPE] = "error.type" };
    char database[DECIMAL_SIZE];
    uint16_t port;
    trace->tracer = tracer;
    if (redis == NULL)
        return;
    const struct span_constant constants[] = {
        { "db.system.name", span_text(TEXT("redis")) },
        { "db.operation.name", span_text(TEXT("EVALSHA")) },
        { "db.namespace", span_text(decimal_text(database, (uint64_t)redis_database(redis))) },
        { "server.address", span_text(text_of(redis_server(redis, &port))) },
        { "server.port", port == 0 ? (struct span_value){ 0 } : span_int(port) },
    };
    trace->call = tracer_site(tracer, "EVALSHA", SPAN_CLIENT, constants, sizeof(constants) / sizeof(constants[0]), keys, VALUES);
}

void limiter_trace_forget(struct limiter_call *call)
{
    mem_free((char *)(uintptr_t)call->trace_state.data);
    *call = (struct limiter_call){ .asked_us = 0 };
}

static struct text copy_of(struct text text)
{
    if (text.size == 0)
        return TEXT_NONE;
    char *bytes = mem_alloc(text.size);
    memcpy(bytes, text.data, text.size);
    return (struct text){ bytes, text.size };
}

void limiter_trace_asked(const struct limiter_trace *trace, struct limiter_call *call, const struct limiter_cause *cause)
{
    limiter_trace_forget(call); /* Redis may not have taken the last one */
    if (tracer_keeps_failure(trace->tracer, &cause->trace) == TRACE_FORGOTTEN)
        return;
    *call = (struct limiter_call){ cause->trace, copy_of(cause->trace_state), clock_us() };
}

/* Redis' own errors begin with a word for programs. */
static struct text failure(int status, const struct redis_reply *reply)
{
    if (status != 0)
        return text_of(error_name(status));
    if (redis_reply_type(reply) != REDIS_ERROR)
        return TEXT_NONE;
    struct text text = redis_reply_text(reply);
    const char *blank = memchr(text.data, ' ', text.size);
    return blank == NULL ? text : (struct text){ text.data, (size_t)(blank - text.data) };
}

/* The request may have ended before: whether its other spans are kept is not known here. */
static void tell(const struct limiter_trace *trace, const struct limiter_call *call, struct text error, const struct redis_reply *reply,
                 uint64_t now_us)
{
    struct span span = {
        .site = trace->call,
        .trace_state = call->trace_state,
        .started_us = call->asked_us,
        .ended_us = now_us,
        .status = error.data == NULL ? SPAN_STATUS_UNSET : SPAN_STATUS_ERROR,
        .notable = error.data != NULL,
        .values = { [ERROR_TYPE] = span_text(error) },
    };
    if (reply != NULL && error.data != NULL) {
        span.status_message = redis_reply_text(reply);
        span.values[RESPONSE_STATUS] = span_text(error);
    }
    tracer_begin(trace->tracer, &span.context, &call->cause);
    memcpy(span.parent_id, call->cause.span_id, sizeof(span.parent_id));
    tracer_add(trace->tracer, &span);
}

void limiter_trace_answered(const struct limiter_trace *trace, struct limiter_call *call, int status, const struct redis_reply *reply,
                            uint64_t now_us)
{
    struct text error = failure(status, reply);
    if (call->asked_us != 0 && (error.data != NULL || trace_is_sampled(&call->cause)))
        tell(trace, call, error, status == 0 ? reply : NULL, now_us);
    limiter_trace_forget(call);
}
