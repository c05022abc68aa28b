/* target: "http://host:port/path?query" taken apart and looked up. */
#pragma once

#include "base/error.h"

#include <sys/socket.h>

#define TARGET_TEXT_MAX 1024

struct target {
    struct sockaddr_storage address;
    char host[TARGET_TEXT_MAX]; /* as the Host header has it: with the port */
    char path[TARGET_TEXT_MAX]; /* with a query, if there is one; at least "/" */
};

/* Looks the name up, and so may block: call before the loop runs. Returns 0 or a code with a sentence. */
int target_parse(struct target *target, const char *url, struct error *err);
