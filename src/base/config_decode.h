/* config_decode: the tree as C structs, by schema. Inside of base/config only.
 *
 * On the way the tree becomes the effective configuration: shorthands take their long form, absent fields are there with
 * their defaults (file CONFIG_FROM_DEFAULT), in the schema's order. It is what config_print shows. */
#pragma once

#include "base/config_tree.h"

/* Decodes the mapping `root` into `object`, which is zeroed first. Mistakes, all of them, go to `report`. A struct that is
 * whole is given to its schema's check; one with a mistake in it is not, for the check would see its zeros. */
void config_decode(struct arena *arena, struct config_node *root, const struct config_schema *schema, void *object,
                   struct config_report *report);
