/* schema: questions to a schema table, and its types in words, for messages and for the documentation. Inside of config/ only. */
#pragma once

#include "base/arena.h"
#include "config/config.h"

/* The field of that name, or NULL. */
const struct config_field *config_field_find(const struct config_schema *schema, const char *name);

/* The field whose name is `name` with a slip of the finger, or NULL. */
const struct config_field *config_field_nearest(const struct config_schema *schema, const char *name);

/* Is it one of the types with a single value, STRING to ENUM? */
bool config_type_is_value(enum config_type type);

/* "a whole number from 1 to 100", "partition, key, none", "a mapping with the keys acks, linger". */
const char *config_allowed(struct arena *arena, const struct config_field *field);

/* "a mapping with the keys acks, linger". */
const char *config_allowed_struct(struct arena *arena, const struct config_schema *schema);

/* " from 1 to 100", ", at least 1ms"; empty when there are none. */
const char *config_bounds(struct arena *arena, const struct config_field *field);

/* "acks, linger". */
const char *config_field_names(struct arena *arena, const struct config_schema *schema);
