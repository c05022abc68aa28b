/* output: a connection's answers, in the order of its requests, one write a turn. */
#pragma once

#include "io/http/connection.h"

/* Hands to the kernel the answers that are ready and follow no unanswered request. What the kernel does not take is
 * copied and sent by libuv; until then nothing more is. May close the connection. */
void output_send(struct connection *connection);

/* The same before the turn's end, where nothing more can become ready until then: every request is answered. */
void output_send_if_complete(struct connection *connection);

/* Whether there is something that the kernel has not taken yet. */
bool output_is_behind(const struct connection *connection);

/* Whether everything that will ever be sent was taken by the kernel. */
bool output_done(const struct connection *connection);
