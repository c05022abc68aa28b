/* drain: how a server comes to its end without leaving a request that it read unanswered.
 *
 *   not --http_server_drain--> asked --turn's end--> looking --turn's end--> sealed --no connection left--> done
 *
 * Between the two turns' ends lies a whole look at all sockets, so that a request that had arrived is read. Sealed, a
 * connection ends as soon as it is quiet: nothing is half read, and everything is answered. */
#pragma once

#include "io/http/engine.h"

/* At a turn's end. Returns true while the next turn is to come soon. */
bool drain_advance(struct http_server *server);

/* Cuts what is left at the deadline. */
void drain_tick(struct http_server *server, uint64_t now_ms);

/* Tells whoever asked for the drain. */
void drain_finish(struct http_server *server);
