/* bearer_token: what stands in `Authorization: Bearer TOKEN` (RFC 6750 section 2.1). */
#pragma once

#include "io/http/request.h"

/* Borrowed from the request; TEXT_NONE without one. */
struct text bearer_token(const struct http_request *request);
