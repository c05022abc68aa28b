/* http_endpoint: what http_client.c needs of an endpoint. */
#pragma once

#include "io/curl/http_client.h"

#include <curl/curl.h>

/* A handle with everything set that does not depend on the call: one that was given back, or a new one. It borrows from the endpoint;
 * the caller gives it back, or cleans it up. */
CURL *http_endpoint_handle(struct http_endpoint *endpoint);

/* Of a call that ended well: the next one is spared a handle of its own, which is a fifth of what libcurl does for it. */
void http_endpoint_give_back(struct http_endpoint *endpoint, CURL *easy);
