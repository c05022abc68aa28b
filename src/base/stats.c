#include "base/stats.h"

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
