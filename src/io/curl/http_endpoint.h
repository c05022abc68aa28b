/* http_endpoint: what http_client.c needs of an endpoint. */
#pragma once

#include "io/curl/http_client.h"

#include <curl/curl.h>

/* A new handle with everything set that does not depend on the call; the caller cleans it up. It borrows from the endpoint. */
CURL *http_endpoint_handle(const struct http_endpoint *endpoint);
