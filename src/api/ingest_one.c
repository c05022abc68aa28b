#include "api/action.h"
#include "api/bearer_token.h"
#include "api/request_trace.h"
#include "base/address.h"

/* One event a request: its key and headers are looked up in the request, the rest is the stream's. */

enum ingest_value { VALUE_TRACE, VALUE_TOPIC, VALUE_PARTITION, VALUE_OFFSET, VALUE_REQUEST_ID, VALUE_ERROR, VALUE_RETRY_AFTER, VALUES };

static const char *const reply_names[] = { "trace", "topic", "partition", "offset", "request_id", "error", "retry_after", NULL };

/* Lives in the request's arena until the reply. */
struct submission {
    struct ingest_request ingest;
    struct route *route;
    struct http_request *http;
    const struct ingest_result *result; /* while it is told; NULL: it was refused */
};

static void fill_values(const struct submission *submission, struct template_value values[VALUES], char trace_id[TRACE_ID_SIZE])
{
    values[VALUE_TRACE] = template_text(request_trace_id(submission->http, trace_id));
    values[VALUE_TOPIC] = template_text(text_of(ingest_topic(submission->route->ingest)));
    values[VALUE_PARTITION] = (struct template_value){ 0 };
    values[VALUE_OFFSET] = (struct template_value){ 0 };
    values[VALUE_REQUEST_ID] = template_text(submission->http->id);
}

static void fail(struct submission *submission, const struct error *err, uint64_t retry_after_us)
{
    struct template_value values[VALUES];
    char trace_id[TRACE_ID_SIZE];
    fill_values(submission, values, trace_id);
    reply_failed(&submission->route->replies, submission->http, values, err, retry_after_us);
}

static void on_result(void *arg, const struct ingest_result *result)
{
    struct submission *submission = arg;
    submission->result = result;
    if (result->code != 0) {
        struct error err;
        error_set(&err, result->code, "%s", result->sentence);
        fail(submission, &err, result->retry_after_us);
        return;
    }
    struct template_value values[VALUES];
    char trace_id[TRACE_ID_SIZE];
    fill_values(submission, values, trace_id);
    values[VALUE_PARTITION] = template_int(result->partition);
    values[VALUE_OFFSET] = template_int(result->offset);
    reply_accepted(&submission->route->replies, submission->http, values);
}

/* The request's trace is kept. */
static void tell_spans(void *arg, bool notable)
{
    const struct submission *submission = arg;
    ingest_tell_spans(&submission->ingest, submission->result, notable);
}

static struct text key_of(const struct ingest *ingest, struct http_request *http)
{
    switch (ingest_key_kind(ingest)) {
    case INGEST_KEY_QUERY:
        return http_query(http, ingest_key_name(ingest));
    case INGEST_KEY_HEADER:
        return http_request_header(http, ingest_key_name(ingest));
    case INGEST_KEY_NONE:
    case INGEST_KEY_FIELD:
        break;
    }
    return TEXT_NONE;
}

static struct text without_port(struct text address)
{
    const char *colon = memrchr(address.data, ':', address.size);
    return colon == NULL ? address : (struct text){ address.data, (size_t)(colon - address.data) };
}

/* `address` must live as long as the returned text. */
static struct text limit_key_of(const struct ingest *ingest, const struct http_request *http, char address[ADDRESS_TEXT_SIZE])
{
    switch (ingest_limit_per(ingest)) {
    case LIMITER_PER_ADDRESS:
        address_sockaddr_text(http_request_client(http), address);
        return without_port(text_of(address));
    case LIMITER_PER_TOKEN:
        return bearer_token(http);
    case LIMITER_PER_GLOBAL:
    case LIMITER_PER_KEY:
        break;
    }
    return TEXT_NONE;
}

static size_t headers_of(const struct ingest *ingest, struct http_request *http, struct producer_header headers[INGEST_HEADERS_MAX])
{
    size_t count = 0;
    const char *name;
    struct text state = request_trace_of(http)->state;
    if (state.data != NULL)
        headers[count++] = (struct producer_header){ TEXT("tracestate"), state };
    for (size_t i = 0; count < INGEST_HEADERS_MAX && (name = ingest_header_name(ingest, i)) != NULL; i++) {
        struct text value = http_request_header(http, name);
        if (value.data != NULL)
            headers[count++] = (struct producer_header){ text_of(name), value };
    }
    return count;
}

/* Events are taken as they come: nothing here decompresses. Returns true when it has answered. */
static bool refuse_coding(struct http_request *http)
{
    struct text coding = http->body.size == 0 ? TEXT_NONE : http_request_header(http, "content-encoding");
    if (coding.size == 0 || (coding.size == 8 && strncasecmp(coding.data, "identity", 8) == 0))
        return false;
    struct buffer sentence = { 0 };
    buffer_printf(&sentence, "found a body with Content-Encoding %.*s; allowed: none", TEXT_ARG(coding));
    http_reply_error(http, 415, buffer_as_text(&sentence));
    buffer_free(&sentence);
    return true;
}

static void run(struct route *route, struct http_request *http, const struct route_match *match)
{
    if (refuse_coding(http))
        return;
    struct submission *submission = http_request_alloc(http, sizeof(*submission));
    struct request_trace *trace = request_trace_of(http);
    submission->route = route;
    submission->http = http;
    submission->result = NULL;
    trace->tell = tell_spans;
    trace->arg = submission;

    char address[ADDRESS_TEXT_SIZE];
    struct producer_header headers[INGEST_HEADERS_MAX];
    struct ingest_event event = {
        .body = http->body,
        .key = key_of(route->ingest, http),
        .limit_key = limit_key_of(route->ingest, http, address),
        .trace = &trace->context,
        .trace_state = trace->state,
        .headers = headers,
        .header_count = headers_of(route->ingest, http, headers),
    };
    struct error err;
    if (ingest_submit(&submission->ingest, route->ingest, &event, on_result, submission, &err) != 0)
        fail(submission, &err, submission->ingest.retry_after_us);
}

const struct action action_ingest_one = {
    .name = "ingest.one",
    .doc = "Takes one event: 200 when the broker has it.",
    .role = "ingest",
    .stream = "ingest",
    .reply_names = reply_names,
    .stores = true,
    .run = run,
};
