#include "api/work_why.h"

#include "api/stats_reply.h"

static const struct argument arguments[] = {
    { .name = "partition", .type = ARGUMENT_INT, .min = 0, .max = INT32_MAX, .doc = "The partition's number." },
    { .name = NULL },
};

static const struct config_list nothing = { .count = 0 };

static void refuse(struct http_request *request, const struct error *err)
{
    stats_reply_error(request, err->code == E_NOT_FOUND ? 404 : 400, text_of(err->message));
}

void work_why_run(struct route *route, struct http_request *request)
{
    struct argument_value partition;
    struct error err;
    if (arguments_read(arguments, &nothing, request, &partition, &err) != 0) {
        refuse(request, &err);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct text stream = http_query(request, "stream");
    yyjson_mut_val *value = work_shared_why(route->api->works, stream, (int32_t)partition.integer, doc, &err);
    if (value != NULL) {
        stats_reply(request, doc, "partition", value);
        return;
    }
    yyjson_mut_doc_free(doc);
    refuse(request, &err);
}
