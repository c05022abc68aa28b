#include "api/reply.h"

#include "api/request_trace.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static const struct outcome_row {
    int code;
    int status;
    const char *name; /* in the configuration */
    size_t offset;    /* in struct reply_config */
} outcomes[REPLY_OUTCOMES] = {
    { 0, 200, "accepted", offsetof(struct reply_config, accepted) },
    { E_INVALID, 400, "invalid", offsetof(struct reply_config, invalid) },
    { E_TOO_LARGE, 413, "too_large", offsetof(struct reply_config, too_large) },
    { E_LIMITED, 429, "limited", offsetof(struct reply_config, limited) },
    { E_UNAVAILABLE, 503, "unavailable", offsetof(struct reply_config, unavailable) },
    { E_UNKNOWN, 504, "unknown", offsetof(struct reply_config, unknown) },
};

static size_t slot_of(const char *const *names, const char *name)
{
    size_t slot = 0;
    while (names[slot] != NULL && strcmp(names[slot], name) != 0)
        slot++;
    return slot;
}

int reply_set_init(struct reply_set *set, const struct reply_config *config, const char *const *names, struct error *err)
{
    *set = (struct reply_set){ .error_slot = slot_of(names, "error"), .retry_slot = slot_of(names, "retry_after") };
    for (size_t i = 0; i < REPLY_OUTCOMES; i++) {
        const yyjson_val *json = *(const yyjson_val *const *)((const char *)config + outcomes[i].offset);
        if (json == NULL)
            continue;
        set->templates[i] = template_new(json, names, err);
        if (set->templates[i] == NULL) {
            reply_set_free(set);
            return error_wrap(err, "%s", outcomes[i].name);
        }
    }
    return 0;
}

void reply_set_free(struct reply_set *set)
{
    for (size_t i = 0; i < REPLY_OUTCOMES; i++) {
        template_free(set->templates[i]);
        set->templates[i] = NULL;
    }
    buffer_free(&set->body);
}

void reply_accepted(struct reply_set *set, struct http_request *request, const struct template_value *values)
{
    buffer_clear(&set->body);
    if (set->templates[0] != NULL)
        template_render(set->templates[0], values, &set->body);
    else
        buffer_string(&set->body, "{}");
    http_reply(request, &(struct http_reply){ .status = outcomes[0].status, .body = buffer_as_text(&set->body) });
}

static size_t row_of(int code)
{
    for (size_t i = 0; i < REPLY_OUTCOMES; i++)
        if (outcomes[i].code == code)
            return i;
    return REPLY_OUTCOMES;
}

static void render_error(const struct template *template, const struct template_value *values, const struct error *err, struct buffer *body)
{
    if (template != NULL) {
        template_render(template, values, body);
        return;
    }
    buffer_string(body, "{\"error\":");
    buffer_json_string(body, text_of(err->message));
    buffer_char(body, '}');
}

/* What a client was told, beside the id that it was told: a fault of the server is worth a line, a client's only for who looks. */
static void log_failure(const struct http_request *request, int status, const char *sentence)
{
    char trace_id[TRACE_ID_SIZE];
    log_scope_begin(&(struct log_scope){ .request_id = request->id, .trace_id = request_trace_id(request, trace_id) });
    if (status >= 500)
        log_info("api", "answered %d: %s", status, sentence);
    else
        log_debug("api", "answered %d: %s", status, sentence);
    log_scope_end();
}

void reply_failed(struct reply_set *set, struct http_request *request, struct template_value *values, const struct error *err,
                  uint64_t retry_after_us)
{
    size_t row = row_of(err->code);
    int status = row < REPLY_OUTCOMES ? outcomes[row].status : 500;
    uint64_t seconds = (retry_after_us + 999999) / 1000000;
    char digits[24];
    int size = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)seconds);
    struct http_header retry_after = { "Retry-After", { digits, (size_t)size } };

    values[set->error_slot] = template_text(text_of(err->message));
    values[set->retry_slot] = template_int((int64_t)seconds);
    buffer_clear(&set->body);
    render_error(row < REPLY_OUTCOMES ? set->templates[row] : NULL, values, err, &set->body);
    log_failure(request, status, err->message);
    http_reply(request, &(struct http_reply){
                            .status = status,
                            .body = buffer_as_text(&set->body),
                            .headers = &retry_after,
                            .header_count = seconds > 0,
                        });
}
