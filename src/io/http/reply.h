/* reply: the answer's bytes. */
#pragma once

#include "io/http/connection.h"

/* Writes the reply into the exchange's arena. `last`: no answer follows on this connection. */
void reply_write(struct exchange *exchange, const struct http_reply *reply, const char *date, bool last);
