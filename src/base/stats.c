#include "base/stats.h"

#include "base/utf8.h"

#include <string.h>

void stats_init(struct stats *stats)
{
    list_init(&stats->sections);
}

void stats_add(struct stats *stats, struct stats_section *section)
{
    list_push(&stats->sections, &section->link);
}

void stats_remove(struct stats_section *section)
{
    list_remove(&section->link);
}

struct stats_section *stats_find(struct stats *stats, const char *name)
{
    list_each(link, &stats->sections) {
        struct stats_section *section = list_entry(link, struct stats_section, link);
        if (strcmp(section->name, name) == 0)
            return section;
    }
    return NULL;
}

void stats_add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, struct text text)
{
    if (utf8_valid(text.data, text.size)) {
        yyjson_mut_obj_add_strncpy(doc, object, name, text.size == 0 ? "" : text.data, text.size);
        return;
    }
    struct buffer printable = { 0 };
    buffer_printable(&printable, text);
    yyjson_mut_obj_add_strncpy(doc, object, name, printable.data, printable.size);
    buffer_free(&printable);
}
