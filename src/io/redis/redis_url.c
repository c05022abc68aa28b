#include "io/redis/redis_url.h"

#include "base/memory.h"
#include "base/percent.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define ALLOWED "allowed: redis://[[user]:password@]host[:port][/database], rediss://..., unix:///path[?db=database], host:port"

static int parse_rest(struct redis_url *url, struct text rest, struct error *err);

int redis_url_parse(struct redis_url *url, const char *text, struct error *err)
{
    static const struct {
        const char *name;
        bool tls, unix_socket;
    } schemes[] = { { "redis://", false, false }, { "rediss://", true, false }, { "unix://", false, true } };

    *url = (struct redis_url){ .port = 6379 };
    struct text rest = text_of(text);
    bool unix_socket = false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i].name);
        if (strncasecmp(text, schemes[i].name, size) != 0)
            continue;
        rest = text_of(text + size);
        url->tls = schemes[i].tls;
        unix_socket = schemes[i].unix_socket;
    }
    if (rest.data == text && strpbrk(text, "@/") != NULL)
        return error_set(err, E_INVALID, "the Redis URL has an unknown scheme, or none; " ALLOWED);

    if (unix_socket)
        url->path = mem_strdup("");
    int rc = parse_rest(url, rest, err);
    if (rc != 0)
        redis_url_free(url);
    return rc;
}

/* Splits at the first or last `mark`; `tail` is absent where there is none. */
static struct text cut(struct text *head, const char *at)
{
    if (at == NULL)
        return TEXT_NONE;
    struct text tail = { at + 1, head->size - (size_t)(at + 1 - head->data) };
    head->size = (size_t)(at - head->data);
    return tail;
}

static struct text cut_first(struct text *head, char mark)
{
    return cut(head, memchr(head->data, mark, head->size));
}

static struct text cut_last(struct text *head, char mark)
{
    return cut(head, memrchr(head->data, mark, head->size));
}

/* Returns the decoded text, or NULL where its escapes are broken, or stand for NUL. */
static char *decode(struct text text)
{
    struct buffer out = { 0 };
    bool whole = percent_decode(text, &out) && memchr(buffer_as_text(&out).data, '\0', out.size) == NULL;
    char *decoded = whole ? mem_strndup(buffer_as_text(&out).data, out.size) : NULL;
    buffer_free(&out);
    return decoded;
}

/* Decimal digits only. Returns -1 for anything else and above `max`. */
static int number(struct text text, int max)
{
    int value = 0;
    if (text.size == 0)
        return -1;
    for (size_t i = 0; i < text.size; i++) {
        if (!isdigit((unsigned char)text.data[i]))
            return -1;
        value = value * 10 + (text.data[i] - '0');
        if (value > max)
            return -1;
    }
    return value;
}

static int parse_user(struct redis_url *url, struct text who, struct error *err)
{
    struct text user = who;
    struct text password = cut_first(&user, ':');
    if (password.data == NULL)
        return error_set(err, E_INVALID, "the Redis URL has a user without a password; " ALLOWED);
    if (user.size > 0 && (url->username = decode(user)) == NULL)
        return error_set(err, E_INVALID, "the user in the Redis URL is not well percent-encoded");
    if ((url->password = decode(password)) == NULL)
        return error_set(err, E_INVALID, "the password in the Redis URL is not well percent-encoded");
    return 0;
}

static int parse_database(struct redis_url *url, struct text database, struct error *err)
{
    if (database.size == 0)
        return 0;
    url->database = number(database, 1000000);
    if (url->database < 0)
        return error_set(err, E_INVALID, "the database in the Redis URL is not a number from 0");
    return 0;
}

static int parse_port(struct redis_url *url, struct text port, struct error *err)
{
    if (port.data == NULL)
        return 0;
    int value = number(port, 65535);
    if (value < 1) /* what was found is not shown: it may be the end of a password */
        return error_set(err, E_INVALID, "the port in the Redis URL is not a number from 1 to 65535");
    url->port = (uint16_t)value;
    return 0;
}

/* Takes "[...]" off an IPv6 address; `after` is what follows it. */
static int take_brackets(struct text *host, struct text *after, struct error *err)
{
    *after = cut_first(host, ']');
    if (after->data == NULL || (after->size > 0 && after->data[0] != ':'))
        return error_set(err, E_INVALID, "the IPv6 address in the Redis URL has no closing bracket");
    *host = (struct text){ host->data + 1, host->size - 1 };
    return 0;
}

static int parse_host(struct redis_url *url, struct text host, struct error *err)
{
    struct text after = host;
    if (host.size > 0 && host.data[0] == '[' && take_brackets(&host, &after, err) != 0)
        return E_INVALID;
    struct text port = cut_last(&after, ':');
    if (after.data == host.data)
        host = after;
    if (host.size == 0)
        return error_set(err, E_INVALID, "the Redis URL has no host; " ALLOWED);
    if (after.data == host.data && memchr(host.data, ':', host.size) != NULL)
        return error_set(err, E_INVALID, "an IPv6 address in the Redis URL stands in brackets");
    url->host = mem_strndup(host.data, host.size);
    return parse_port(url, port, err);
}

static int parse_socket(struct redis_url *url, struct text path, struct error *err)
{
    struct text query = cut_first(&path, '?');
    if (path.size == 0 || path.data[0] != '/' || path.size >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return error_set(err, E_INVALID, "the Redis URL's socket is no absolute path of at most 107 bytes; " ALLOWED);
    mem_free(url->path);
    url->path = mem_strndup(path.data, path.size);
    if (query.data == NULL)
        return 0;
    struct text value = cut_first(&query, '=');
    if (!text_is(query, "db") || value.data == NULL)
        return error_set(err, E_INVALID, "the Redis URL knows no parameter but db; " ALLOWED);
    return parse_database(url, value, err);
}

static int parse_rest(struct redis_url *url, struct text rest, struct error *err)
{
    /* The last "@": a password is often pasted in as it is, and a host has none. */
    struct text who = rest;
    struct text place = cut_last(&who, '@');
    if (place.data == NULL)
        place = rest;
    else if (parse_user(url, who, err) != 0)
        return E_INVALID;

    if (url->path != NULL)
        return parse_socket(url, place, err);
    struct text database = cut_first(&place, '/');
    int rc = parse_host(url, place, err);
    return rc != 0 || database.data == NULL ? rc : parse_database(url, database, err);
}

static void forget(char **secret)
{
    if (*secret != NULL)
        explicit_bzero(*secret, strlen(*secret));
    mem_free(*secret);
}

void redis_url_free(struct redis_url *url)
{
    mem_free(url->host);
    mem_free(url->path);
    mem_free(url->username);
    forget(&url->password);
    *url = (struct redis_url){ 0 };
}

void redis_url_text(const struct redis_url *url, char out[REDIS_URL_TEXT_SIZE])
{
    bool ipv6 = url->host != NULL && strchr(url->host, ':') != NULL;
    if (url->path != NULL)
        snprintf(out, REDIS_URL_TEXT_SIZE, "unix://%s?db=%d", url->path, url->database);
    else
        snprintf(out, REDIS_URL_TEXT_SIZE, "%s://%s%s%s:%u/%d", url->tls ? "rediss" : "redis", ipv6 ? "[" : "", url->host, ipv6 ? "]" : "",
                 (unsigned)url->port, url->database);
}
