/* /debug/stats: what each module says of itself; ?partition=7 tells why that partition does not move. */
#include "api/action.h"
#include "api/json_reply.h"
#include "api/stats_reply.h"
#include "api/work_why.h"

enum { SECTION_NAME_SHOWN = 64 };

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
    buffer_printf(&sentence, "found the section \"%.*s\"; allowed:", (int)(name.size < SECTION_NAME_SHOWN ? name.size : SECTION_NAME_SHOWN),
                  name.data);
    list_each(link, &stats->sections)
        buffer_printf(&sentence, " %s", list_entry(link, struct stats_section, link)->name);
    stats_reply_error(request, 404, buffer_as_text(&sentence));
    buffer_free(&sentence);
}

static struct stats_section *find(struct stats *stats, struct text name)
{
    list_each(link, &stats->sections) {
        struct stats_section *section = list_entry(link, struct stats_section, link);
        if (text_is(name, section->name))
            return section;
    }
    return NULL;
}

static void reply_section(struct http_request *request, struct stats *stats, struct text name)
{
    struct stats_section *section = find(stats, name);
    if (section == NULL) {
        reply_unknown(request, stats, name);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    stats_reply(request, doc, section->name, section->fill(section->arg, doc));
}

static void reply_all_as_text(struct http_request *request, struct stats *stats)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct buffer text = { 0 };
    stats_text("index", index_of(stats, doc), &text);
    list_each(link, &stats->sections) {
        const struct stats_section *section = list_entry(link, struct stats_section, link);
        buffer_char(&text, '\n');
        stats_text(section->name, section->fill(section->arg, doc), &text);
    }
    yyjson_mut_doc_free(doc);
    stats_reply_text(request, buffer_as_text(&text));
    buffer_free(&text);
}

static void reply_all(struct http_request *request, struct stats *stats)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    json_reply(request, 200, doc, all_of(stats, doc));
}

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct stats *stats = route->api->stats;
    struct text name = http_query(request, "section");
    bool of_partitions = name.data == NULL || text_is(name, "partitions");
    if (of_partitions && http_query(request, "partition").data != NULL)
        work_why_run(route, request);
    else if (name.data == NULL && stats_wants_text(request))
        reply_all_as_text(request, stats);
    else if (name.data == NULL)
        reply_all(request, stats);
    else
        reply_section(request, stats, name);
}

const struct action action_node_stats = {
    .name = "node.stats", .doc = "What each part of the process says of itself, as JSON or as text.", .tells = true, .run = run
};
