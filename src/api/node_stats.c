/* /debug/stats: what each module says of itself. JSON for programs; text where the client asks for it (Accept: text/plain, or
 * ?format=text). */
#include "api/action.h"
#include "api/json_reply.h"

enum { SECTION_NAME_SIZE = 64 };

static bool wants_text(struct http_request *request)
{
    struct text format = http_query(request, "format");
    if (format.data != NULL)
        return text_is(format, "text");
    struct text accept = http_request_header(request, "accept");
    return accept.size >= 10 && memmem(accept.data, accept.size, "text/plain", 10) != NULL;
}

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

static void reply_text(struct http_request *request, yyjson_mut_doc *doc, const char *title, yyjson_mut_val *value)
{
    struct buffer text = { 0 };
    stats_text(title, value, &text);
    yyjson_mut_doc_free(doc);
    http_reply(request, &(struct http_reply){ .status = 200, .content_type = "text/plain; charset=utf-8", .body = buffer_as_text(&text) });
    buffer_free(&text);
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
    if (wants_text(request))
        reply_text(request, doc, section != NULL ? section->name : "millrace", value);
    else
        json_reply(request, 200, doc, value);
}

const struct action action_node_stats = { .name = "node.stats",
                                          .doc = "What each part of the process says of itself, as JSON or as text.",
                                          .run = run };
