/* reload: SIGHUP reads the configuration again.
 *
 *   reloadable   log.level, pool.workers, and of a stream ingest.limit.rate and .burst, work.queue and .concurrency: changed at once
 *   the rest     named in the log where it differs; it needs a restart
 *
 * All or nothing where the new file has a mistake, or a reloadable value that this process cannot take. Without a file there is
 * nothing to read again, and the log says so. */
#pragma once

#include "app/node.h"

#include <uv.h>

struct reload {
    struct node *node;
    struct settings *settings; /* of the node */
    const struct settings_source *source;
    uv_signal_t hangup;
};

/* All is borrowed until reload_close. `settings` are the node's, which change with a reload. */
void reload_watch(struct reload *reload, struct node *node, struct settings *settings, const struct settings_source *source);
void reload_close(struct reload *reload); /* its handle closes in a later turn */
