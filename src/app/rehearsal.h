/* rehearsal: what `serve` would refuse at its start though each part of the configuration was read: properties that librdkafka does not
 * take together, certificates that are none, a file that cannot be written.
 *
 * Each is asked of the module that would refuse it, so that the sentences are its own. Nothing is connected, made or listened to, so
 * what only the world could refuse (a port that is taken) is not found. Handles are made and ended: some milliseconds each. */
#pragma once

#include "app/roles.h"
#include "app/settings.h"
#include "base/buffer.h"

/* A line in `out` for each refusal. Returns how many. */
size_t rehearse_start(const struct settings *settings, const struct roles *roles, struct buffer *out);
