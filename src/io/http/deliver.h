/* deliver: whole requests to their handler, in the order in which they came.
 *
 * Some requests of a read are parsed first, and handed over then: so the code of the parser and that of the handlers, which
 * together are larger than a processor's first cache, each run in one stretch (docs/benchmarks.md). */
#pragma once

#include "io/http/connection.h"

/* What waits for a client that does not take its answers holds memory, so they are not many. */
#define DELIVER_AT_ONCE 16

/* Makes the parser's message a request of the connection. False when the budget or the memory is out. */
bool deliver_accept(struct connection *connection);

/* Enlists an exchange that has no handler: for a refusal. */
void deliver_enlist(struct connection *connection, struct exchange *exchange);

/* Hands over what was accepted, as long as the client takes its answers; keeps the rest for the next call. */
void deliver_all(struct connection *connection);

/* The connection is closed: what its handler has not seen yet it never will. */
void deliver_none(struct connection *connection);
