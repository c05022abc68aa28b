/* stats: the sections of /debug/stats. Each module registers its own and fills it when asked.
 *
 * A section is a JSON value built with yyjson's mutable document; api/ renders the document as JSON or as text.
 * Loop thread only. */
#pragma once

#include "base/buffer.h"
#include "base/list.h"

#include <yyjson.h>

struct stats {
    struct list sections;
};

/* Builds the section's value in `doc`. Keys are string literals, or copied with yyjson_mut_strcpy. */
typedef yyjson_mut_val *(*stats_fill)(void *arg, yyjson_mut_doc *doc);

/* Embedded by the module, linked into stats until stats_remove. */
struct stats_section {
    struct list link;
    const char *name;    /* "http" */
    const char *summary; /* one sentence for the index */
    stats_fill fill;
    void *arg;
};

void stats_init(struct stats *stats);
/* At the end; the order of adding is that of the index. */
void stats_add(struct stats *stats, struct stats_section *section);
void stats_remove(struct stats_section *section);
struct stats_section *stats_find(struct stats *stats, const char *name); /* or NULL */

/* Adds a text that came from outside (a key, a server's words) and may be any bytes: JSON can hold UTF-8 only, so in a text
 * that is none all that could not be printed stands as \xNN. */
void stats_add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, struct text text);

/* Appends a section's value as aligned text for a terminal of 100 columns: scalars as "name  value" lines, then nested
 * objects indented, and an array of objects as a table (base/stats_table.h); "none" for a section without any. */
void stats_text(const char *title, yyjson_mut_val *value, struct buffer *out);
