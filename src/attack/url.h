/* url: "http://host:port/path?query" taken apart and looked up. */
#pragma once

#include "base/error.h"

#include <sys/socket.h>

#define URL_TEXT_MAX 1024

struct url {
    struct sockaddr_storage address;
    char host[URL_TEXT_MAX]; /* as the Host header has it: with the port */
    char path[URL_TEXT_MAX]; /* with a query, if there is one; at least "/" */
};

/* Looks the name up, and so may block: call before the loop runs. Returns 0 or a code with a sentence. */
int url_parse(struct url *url, const char *text, struct error *err);
