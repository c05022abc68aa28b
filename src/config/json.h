/* json: nodes as JSON. Inside of config/ only. */
#pragma once

#include "config/tree.h"

enum config_core { CONFIG_CORE_NULL, CONFIG_CORE_BOOL, CONFIG_CORE_INT, CONFIG_CORE_NUMBER, CONFIG_CORE_TEXT };

/* What YAML 1.2's core schema makes of a plain scalar (its section 10.3.2). */
enum config_core config_core_of(const char *text);

/* A plain scalar's text as a value of that type; the text is copied. */
yyjson_mut_val *config_json_scalar(yyjson_mut_doc *doc, const char *text);

/* The node as an immutable value in the arena. Quoted scalars are strings, plain ones are typed as the core schema does;
 * .inf and .nan, which JSON lacks, stay strings. */
const yyjson_val *config_json_of(struct arena *arena, const struct config_node *node);
