/* reading: the steps from a text to a decoded struct, in their order. Inside of config/ only.
 *
 *   text --parse--> tree --override--> tree --expand--> tree --decode--> struct
 *
 * Each step takes what the one before made, and adds what is wrong to the report; none stops at the first mistake. */
#pragma once

#include "base/text.h"
#include "config/tree.h"

struct config_source {
    const char *file;   /* for the nodes and the mistakes */
    const char *prefix; /* path of the root for mistakes: "" for a file, "pool.workers" for a --set */
    unsigned line;      /* of the first line; 0: the text has no lines */
};

/* Reads `yaml` into a tree; an empty text is a null scalar. Mistakes of syntax go to `report`: then the result is NULL.
 * Others (a key twice, a tag) go there too, and the tree is given without them. What YAML offers and a configuration does not
 * need is refused with a sentence: tags, several documents, keys that are not texts. An alias becomes a copy of what its
 * anchor names, so that a --set changes one place only. */
struct config_node *config_parse(struct arena *arena, const struct config_source *source, struct text yaml, struct config_report *report);

/* Puts the value of a --set at its path, and makes what is missing on the way. A number is an index of a list; the one behind the
 * last appends. Where the schema knows free names (librdkafka's properties) the rest of the path is one name; where it knows
 * a shorthand (`kafka: embedded`), a path into it makes the long form first. Returns the root, which may be a new one. */
struct config_node *config_override(struct arena *arena, struct config_node *root, const struct config_schema *schema,
                                    const struct config_override *override, struct config_report *report);

/* All values of a file together; a bomb of ${PATH}${PATH}... ends here. */
#define CONFIG_EXPANDED_MAX     ((size_t)1 << 20)
#define CONFIG_EXPAND_DEPTH_MAX 8

/* Expands the environment variables in every scalar of the tree.
 *
 *   ${NAME}            its value; a mistake when it is not set
 *   ${NAME:-default}   the default when it is not set or empty (the shell's rule); the default may hold variables again
 *   $${                the two characters ${
 *
 * Any other dollar is a dollar: reply templates hold `$trace`. A value is not expanded again. Keys are not expanded. */
void config_expand(struct arena *arena, struct config_node *root, struct config_report *report);

/* Expands a scalar's `text` anew, as if its variable were not set, nor those that were taken back so before. */
void config_expand_without(struct arena *arena, struct config_node *scalar, const char *text, struct config_report *report);

/* Decodes the mapping `root` into `object`, which is zeroed first. A struct that is whole is given to its schema's check; one
 * with a mistake in it is not, for the check would see its zeros.
 * On the way the tree becomes the effective configuration: shorthands take their long form, absent fields are there with
 * their defaults (file CONFIG_FROM_DEFAULT), in the schema's order. It is what config_print shows. */
void config_decode(struct arena *arena, struct config_node *root, const struct config_schema *schema, void *object,
                   struct config_report *report);

/* One scalar of it: reads a node that is present and not broken as `field`, one of the types with a single value (STRING to
 * ENUM), into `place`. Returns false, with a mistake, when it is something else. */
bool config_decode_value(struct arena *arena, struct config_node *node, const struct config_field *field, void *place,
                         struct config_report *report);
