/* config_words: a field's type in words, for messages and for the documentation. Inside of base/config only. */
#pragma once

#include "base/arena.h"
#include "base/config.h"

/* "a whole number from 1 to 100", "partition, key, none", "a mapping with the keys acks, linger". */
const char *config_allowed(struct arena *arena, const struct config_field *field);

/* "a mapping with the keys acks, linger". */
const char *config_allowed_struct(struct arena *arena, const struct config_schema *schema);

/* " from 1 to 100", ", at least 1ms"; empty when there are none. */
const char *config_bounds(struct arena *arena, const struct config_field *field);

/* "acks, linger". */
const char *config_field_names(struct arena *arena, const struct config_schema *schema);
