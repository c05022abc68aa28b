/* socket: a listening socket for an address. */
#pragma once

#include "base/address.h"

/* Returns the descriptor (non-blocking, closed on exec) or a negative error code with a sentence. On success `address`
 * has the port that the system chose where 0 was asked for. The file of a Unix socket is removed first where it is stale:
 * a socket on which nobody listens. */
int socket_listen(struct address *address, int backlog, struct error *err);
