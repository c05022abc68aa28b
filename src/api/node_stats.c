/* /debug/stats: what each module says of itself; ?partition=7 tells why that partition does not move. */
#include "api/action.h"
#include "api/stats_reply.h"
#include "api/work_why.h"

enum { SECTION_NAME_SIZE = 64 };

static yyjson_mut_val *index_of(struct stats *stats, yyjson_mut_doc *doc)
{
    yyjson_mut_val *rows = yyjson_mut_arr(doc);
    list_each(link, &stats->sections) {
        const struct stats_section *section = list_entry(link, struct stats_section, link);
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, rows);
        yyjson_mut_obj_add_strcpy(doc, row, "section", section->name);
        yyjson_mut_obj_add_strcpy(doc, row, "summary", section->summary);
    }
    return rows;
}

static yyjson_mut_val *all_of(struct stats *stats, yyjson_mut_doc *doc)
{
    yyjson_mut_val *all = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, all, "index", index_of(stats, doc));
    list_each(link, &stats->sections) {
        const struct stats_section *section = list_entry(link, struct stats_section, link);
        yyjson_mut_obj_add(all, yyjson_mut_strcpy(doc, section->name), section->fill(section->arg, doc));
    }
    return all;
}

static void reply_unknown(struct http_request *request, struct stats *stats, struct text name)
{
    struct buffer sentence = { 0 };
    buffer_printf(&sentence, "found the section \"%.*s\"; allowed:", (int)(name.size < SECTION_NAME_SIZE ? name.size : SECTION_NAME_SIZE),
                  name.data);
    list_each(link, &stats->sections)
        buffer_printf(&sentence, " %s", list_entry(link, struct stats_section, link)->name);
    http_reply_error(request, 404, buffer_as_text(&sentence));
    buffer_free(&sentence);
}

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct stats *stats = route->api->stats;
    struct text name = http_query(request, "section");
    struct stats_section *section = NULL;
    bool of_partitions = name.data == NULL || text_is(name, "partitions");
    if (of_partitions && http_query(request, "partition").data != NULL) {
        work_why_run(route, request);
        return;
    }
    if (name.data != NULL) {
        char wanted[SECTION_NAME_SIZE] = "";
        if (name.size < sizeof(wanted) && memchr(name.data, '\0', name.size) == NULL)
            memcpy(wanted, name.data, name.size);
        section = stats_find(stats, wanted);
        if (section == NULL) {
            reply_unknown(request, stats, name);
            return;
        }
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *value = section != NULL ? section->fill(section->arg, doc) : all_of(stats, doc);
    stats_reply(request, doc, section != NULL ? section->name : "millrace", value);
}

const struct action action_node_stats = { .name = "node.stats",
                                          .doc = "What each part of the process says of itself, as JSON or as text.",
                                          .run = run };
