/* shown: what of the effective configuration may be seen. Inside of config/ only. It hides rather too much than too little. */
#pragma once

#include "config/tree.h"

#define CONFIG_HIDDEN "********"

/* `text` with the passwords in it hidden: `scheme://user:PASSWORD@host`, and `password=PASSWORD` as libpq and
 * queries of URLs have it, with the other usual names: token, secret, api_key, ...
 * The text itself when there is none. */
const char *config_conceal(struct arena *arena, const char *text);

/* A scalar's text with what is secret in it hidden. `field`: the nearest one above or at the node. */
const char *config_shown_text(struct arena *arena, const struct config_node *node, const struct config_field *field);

/* Is the scalar a number, truth or null, by its field or by what YAML makes of it? Durations and sizes are texts. */
bool config_shown_typed(const struct config_node *node, const struct config_field *field);

/* Is it a struct that the file leaves out, and whose defaults then mean nothing: it has required fields, or tells whether it
 * stands in the file? */
bool config_shown_absent(const struct config_node *node);
