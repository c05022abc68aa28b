/* work.stats, work.assigned, work.counts: what a work tells of itself. */
#include "api/work_values.h"

static void run_stats(struct route *route, struct http_request *request, const struct route_match *match)
{
    work_reply(route, request, work_stats);
}

static yyjson_mut_val *plain_assigned(const struct work *work, yyjson_mut_doc *doc)
{
    struct work_identity identity;
    struct work_counts counts;
    work_identity(work, &identity);
    work_counts(work, &counts);
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    yyjson_mut_obj_add(value, yyjson_mut_strcpy(doc, identity.member), yyjson_mut_uint(doc, counts.partitions));
    return value;
}

static void run_assigned(struct route *route, struct http_request *request, const struct route_match *match)
{
    work_reply(route, request, plain_assigned);
}

static void run_counts(struct route *route, struct http_request *request, const struct route_match *match)
{
    work_reply(route, request, work_partition_counts);
}

const struct action action_work_stats = {
    .name = "work.stats",
    .doc = "Counts since the process began, and what is assigned to it.",
    .role = "work",
    .stream = "work",
    .reply_names = work_value_names,
    .run = run_stats,
};

const struct action action_work_assigned = {
    .name = "work.assigned",
    .doc = "How many partitions this member has: {\"<member>\":n}.",
    .role = "work",
    .stream = "work",
    .reply_names = work_value_names,
    .run = run_assigned,
};

const struct action action_work_counts = {
    .name = "work.counts",
    .doc = "How many records of each partition this process has worked: [{\"partition\":n,\"count\":n}].",
    .role = "work",
    .stream = "work",
    .reply_names = work_value_names,
    .run = run_counts,
};
