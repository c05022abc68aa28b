/* config_override: --set PATH=VALUE on a tree. Inside of base/config only. */
#pragma once

#include "base/config_tree.h"

/* Puts the value at its path, and makes what is missing on the way. A number is an index of a list; the one behind the
 * last appends. Where the schema knows free names (librdkafka's properties) the rest of the path is one name; where it knows
 * a shorthand (`kafka: embedded`), a path into it makes the long form first. Returns the root, which may be a new one. */
struct config_node *config_override_apply(struct arena *arena, struct config_node *root, const struct config_schema *schema,
                                          const struct config_override *override, struct config_report *report);
