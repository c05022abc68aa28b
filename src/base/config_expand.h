/* config_expand: environment variables in scalars. Inside of base/config only.
 *
 *   ${NAME}            its value; a mistake when it is not set
 *   ${NAME:-default}   the default when it is not set or empty (the shell's rule); the default may hold variables again
 *   $${                the two characters ${
 *
 * Any other dollar is a dollar: reply templates hold `$trace`. A value is not expanded again. Keys are not expanded. */
#pragma once

#include "base/config_tree.h"

/* All values of a file together; a bomb of ${PATH}${PATH}... ends here. */
#define CONFIG_EXPANDED_MAX     ((size_t)1 << 20)
#define CONFIG_EXPAND_DEPTH_MAX 8

/* Expands every scalar of the tree. What cannot be expanded becomes a mistake of its node. */
void config_expand(struct arena *arena, struct config_node *root, struct config_report *report);
