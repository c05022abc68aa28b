#include "attack/url.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

static int look_up(struct url *url, const char *host, const char *port, struct error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    int rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0)
        return error_set(err, E_UNAVAILABLE, "-target: %s:%s: %s", host, port, gai_strerror(rc));
    memcpy(&url->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

/* Splits "host:port" or "[v6]:port" in place. */
static void split_port(char *authority, char **host, char **port)
{
    static char default_port[] = "80";
    *host = authority;
    *port = default_port;
    char *end = authority;
    if (authority[0] == '[' && (end = strchr(authority, ']')) != NULL) {
        *host = authority + 1;
        *end++ = '\0';
    }
    char *colon = strrchr(end, ':');
    if (colon == NULL)
        return;
    *colon = '\0';
    *port = colon + 1;
}

int url_parse(struct url *url, const char *text, struct error *err)
{
    static const char scheme[] = "http://";
    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0 || strlen(text) >= URL_TEXT_MAX)
        return error_set(err, E_INVALID, "-target: found \"%.200s\"; allowed: http://HOST:PORT/PATH", text);

    const char *authority = text + sizeof(scheme) - 1;
    size_t size = strcspn(authority, "/?");
    snprintf(url->host, sizeof(url->host), "%.*s", (int)size, authority);
    snprintf(url->path, sizeof(url->path), "%s%s", authority[size] == '/' ? "" : "/", authority + size);

    char copy[URL_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", url->host);
    char *host, *port;
    split_port(copy, &host, &port);
    return look_up(url, host, port, err);
}
