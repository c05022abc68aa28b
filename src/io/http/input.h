/* input: what a connection's client sends, until it is a request at the handler's, or refused. */
#pragma once

#include "io/http/connection.h"

/* libuv's reading callbacks; their stream's `data` is the connection. */
void input_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
void input_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf);

/* Whether none of the bounds keeps the next byte from being parsed. */
bool input_may_parse(const struct connection *connection);

/* Goes on with what was read before, if it may. */
void input_resume(struct connection *connection);

/* Throws away what was read and not parsed. */
void input_drop(struct connection *connection);
