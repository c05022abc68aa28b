/* config_shape: what the schema says about the form of a node, apart from its values. Inside of base/config only. */
#pragma once

#include "base/config_tree.h"

const struct config_field *config_field_find(const struct config_schema *schema, const char *name);

/* Puts the long form { shorthand: node } in the place of a scalar or list. Returns the mapping, or `node` itself if it is a
 * mapping or the schema has no shorthand. */
struct config_node *config_shape_long(struct arena *arena, struct config_node *node, const struct config_schema *schema);

/* Puts a list of one in the place of a lone scalar; a list stays. */
struct config_node *config_shape_list(struct arena *arena, struct config_node *node);
