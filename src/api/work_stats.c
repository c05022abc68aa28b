#include "api/action.h"
#include "api/json_reply.h"

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    (void)match;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    json_reply(request, 200, doc, work_stats(route->work, doc));
}

const struct action action_work_stats = { .name = "work.stats", .role = "work", .stream = "work", .run = run };
