/* config_value: one scalar of the file as one member of a struct. Inside of base/config only. */
#pragma once

#include "base/config_tree.h"

/* Reads a node that is present and not broken as `field`, one of the types with a single value (STRING to ENUM), into
 * `place`. Returns false, with a mistake, when it is something else. */
bool config_value_read(struct arena *arena, struct config_node *node, const struct config_field *field, void *place,
                       struct config_report *report);

/* Is it one of those types? */
bool config_value_is(enum config_type type);
