/* config_conceal: what may be shown of a value. Inside of base/config only. It hides rather too much than too little. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

#define CONFIG_HIDDEN "********"

/* Names of free properties whose values are secrets: "sasl.password", "ssl.key.pem", "oauth.token", ... */
bool config_conceal_name(const char *name);

/* `text` with the passwords in it hidden: `scheme://user:PASSWORD@host` and libpq's `password=PASSWORD`.
 * The text itself when there is none. */
const char *config_conceal(struct arena *arena, const char *text);
