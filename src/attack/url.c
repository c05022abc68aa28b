#include "attack/url.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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
    char *bracket = authority[0] == '[' ? strchr(authority, ']') : NULL;
    if (bracket != NULL) {
        *host = authority + 1;
        *bracket = '\0';
        end = bracket + 1;
    }
    char *colon = strrchr(end, ':');
    if (colon == NULL)
        return;
    *colon = '\0';
    *port = colon + 1;
}

static int refuse(const char *text, struct error *err)
{
    return error_set(err, E_INVALID, "-target: found \"%.200s\"; allowed: http://HOST:PORT/PATH", text);
}

/* What cannot stand in a request line would break each of them. */
static bool is_graphic(const char *text)
{
    while (*text > ' ' && *text < 0x7F)
        text++;
    return *text == '\0';
}

static bool is_port(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && atoi(text) > 0 && atoi(text) <= 65535;
}

int url_parse(struct url *url, const char *text, struct error *err)
{
    static const char scheme[] = "http://";
    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0 || strlen(text) >= URL_TEXT_MAX || !is_graphic(text))
        return refuse(text, err);

    const char *authority = text + sizeof(scheme) - 1;
    size_t size = strcspn(authority, "/?");
    snprintf(url->host, sizeof(url->host), "%.*s", (int)size, authority);
    snprintf(url->path, sizeof(url->path), "%s%s", authority[size] == '/' ? "" : "/", authority + size);

    char copy[URL_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", url->host);
    char *host, *port;
    split_port(copy, &host, &port);
    if (host[0] == '\0' || strpbrk(host, "@[") != NULL || strlen(port) > 5 || !is_port(port))
        return refuse(text, err);
    return look_up(url, host, port, err);
}
