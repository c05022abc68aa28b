#include "io/http/access_log.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "io/http/connection.h"

/* clang-format off */
static const struct config_field fields[] = {
    { .name = "sample", .type = CONFIG_NUMBER, .offset = offsetof(struct http_access_log, sample), .fallback = "0", .min = 0, .max = 1,
      .reloadable = true, .doc = "The share of answers that get a line, chosen by chance: 0 none, 1 all." },
    { .name = "errors", .type = CONFIG_BOOL, .offset = offsetof(struct http_access_log, errors), .fallback = "false",
      .reloadable = true, .doc = "Answers of 500 and above get a line always." },
    { 0 },
};
/* clang-format on */

const struct config_schema http_access_log_schema = {
    .name = "access log",
    .doc = "A line in the log for an answer, at level info: method, route, status, bytes, duration, client, request id, trace id.",
    .size = sizeof(struct http_access_log),
    .fields = fields,
    .shorthand = "sample",
};

static bool is_chosen(struct http_listener *listener, int status)
{
    const struct http_access_log *config = &listener->access_log;
    if (config->errors && status >= 500)
        return true;
    return config->sample > 0 && random_unit(&listener->server->random) < config->sample;
}

static struct text host_of(struct text address)
{
    const char *colon = address.size == 0 || text_is(address, "unix:") ? NULL : memrchr(address.data, ':', address.size);
    if (colon == NULL)
        return address;
    struct text host = { address.data, (size_t)(colon - address.data) };
    if (host.size > 2 && host.data[0] == '[')
        host = (struct text){ host.data + 1, host.size - 2 };
    return host;
}

static void write_line(const struct exchange *exchange, const struct http_reply *reply)
{
    const struct http_request *request = &exchange->request;
    struct http_listener *listener = exchange->connection->listener;
    const char *method = http_method_name(request->method);
    const char *route = request->route == NULL ? listener->no_route.name : request->route->name;
    uint64_t took_us = clock_us() - request->arrived_us; /* not the turn's time: most answers are given in the turn that brought them */
    char client[ADDRESS_TEXT_SIZE], trace_id[TRACE_ID_SIZE];
    address_sockaddr_text(http_request_client(request), client);
    struct text trace = { trace_id, 0 };
    if (request->trace != NULL)
        trace.size = (size_t)(hex_write(trace_id, request->trace->trace_id, sizeof(request->trace->trace_id)) - trace_id);

    const struct log_field values[] = {
        log_text("http.request.method", text_of(method)),       log_text("http.route", text_of(route)),
        log_number("http.response.status_code", reply->status), log_number("http.response.body.bytes", (int64_t)reply->body.size),
        log_number("event.duration", (int64_t)took_us * 1000), /* in nanoseconds */
        log_text("client.address", host_of(text_of(client))),   log_text("millrace.listener", text_of(listener->name)),
    };
    log_scope_begin(&(struct log_scope){
        .request_id = request->id, .trace_id = trace, .fields = values, .field_count = sizeof(values) / sizeof(values[0]) });
    log_each("access", "%s %s %d, %zu bytes in %.3f ms for %s%s", method, route, reply->status, reply->body.size, (double)took_us / 1000,
             client, exchange->connection->gone ? ", which has left" : "");
    log_scope_end();
}

void access_log_answer(const struct exchange *exchange, const struct http_reply *reply)
{
    if (is_chosen(exchange->connection->listener, reply->status) && log_enabled(LOG_INFO))
        write_line(exchange, reply);
}
