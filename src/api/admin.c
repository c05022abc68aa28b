#include "api/admin.h"

#include "api/bearer_token.h"
#include "base/address.h"

#include <netinet/in.h>
#include <string.h>

/* Takes as long for a token that is nearly right as for any other of its length: nobody finds it out letter by letter. */
static bool is_token(struct text found, const char *token)
{
    size_t size = strlen(token);
    unsigned char difference = 0;
    if (found.size != size)
        return false;
    for (size_t i = 0; i < size; i++)
        difference |= (unsigned char)(found.data[i] ^ token[i]);
    return difference == 0;
}

/* What proxies add: `Via` is HTTP's own (RFC 9110 section 7.6.3), the others are what the common ones are told to send. */
static bool is_passed_on(const struct http_request *request)
{
    static const char *const marks[] = { "via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip" };
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (http_request_header(request, marks[i]).data != NULL)
            return true;
    return false;
}

static struct text without_port(struct text host)
{
    if (host.size > 0 && host.data[0] == '[') {
        const char *end = memchr(host.data, ']', host.size);
        return end == NULL ? TEXT_NONE : (struct text){ host.data + 1, (size_t)(end - host.data - 1) };
    }
    const char *colon = host.size == 0 ? NULL : memchr(host.data, ':', host.size);
    return colon == NULL ? host : (struct text){ host.data, (size_t)(colon - host.data) };
}

static bool is_listed(const struct config_list *hosts, struct text name)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (text_is_nocase(name, ((const char *const *)hosts->items)[i]))
            return true;
    return false;
}

/* Whoever owns a name can let it lead here after a page was loaded from there (DNS rebinding): for the browser both are one origin then.
 * To an address, and to "localhost", no name leads; and no browser opens a Unix socket. */
static bool is_own_name(const struct admin_config *config, const struct http_request *request)
{
    struct address_range range;
    struct text host = without_port(http_request_header(request, "host"));
    if (http_request_client(request)->sa_family == AF_UNIX || is_listed(&config->hosts, host))
        return true;
    return text_is_nocase(host, "localhost") || address_range_parse(&range, host, NULL) == 0;
}

/* "http://localhost:8080" for the host "localhost:8080" is our own page; "null" is nobody's. */
static bool is_of_another_origin(const struct http_request *request)
{
    struct text origin = http_request_header(request, "origin");
    struct text host = http_request_header(request, "host");
    if (origin.data == NULL)
        return false;
    const char *scheme = memmem(origin.data, origin.size, "://", 3);
    if (scheme == NULL)
        return true;
    struct text authority = { scheme + 3, (size_t)(origin.data + origin.size - scheme - 3) };
    return !text_equal(authority, host);
}

/* Browsers say it also where they send no Origin: for an image, a link. "none" is what the person typed. */
static bool is_of_another_site(const struct http_request *request)
{
    struct text site = http_request_header(request, "sec-fetch-site");
    return site.data != NULL && !text_is(site, "same-origin") && !text_is(site, "none");
}

/* Who opens a Unix socket is on this machine, and the file's permissions say who may. */
static bool is_from(const struct config_list *ranges, const struct sockaddr *peer)
{
    const struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (peer->sa_family == AF_UNIX)
        peer = (const struct sockaddr *)&here;
    for (size_t i = 0; i < ranges->count; i++) {
        struct address_range range;
        if (address_range_parse(&range, text_of(((const char *const *)ranges->items)[i]), NULL) == 0 && address_in(peer, &range))
            return true;
    }
    return false;
}

static const char foreign_name[] =
    "its Host is a name that may have led elsewhere; allowed: an address, localhost, a name in admin.hosts, or the bearer token of admin.token";

static bool sends_token(const struct admin_config *config, const struct http_request *request)
{
    return config->token != NULL && bearer_token(request).data != NULL;
}

static const char *token_refusal(const struct admin_config *config, const struct http_request *request)
{
    return is_token(bearer_token(request), config->token) ? NULL : "the bearer token is not that of admin.token";
}

const char *admin_refusal(const struct admin_config *config, const struct http_request *request)
{
    if (sends_token(config, request))
        return token_refusal(config, request);
    if (!is_from(&config->from, http_request_client(request)))
        return "allowed: from an address in admin.from, or with the bearer token of admin.token";
    if (is_passed_on(request))
        return "a proxy has passed it on; allowed: with the bearer token of admin.token";
    if (is_of_another_origin(request) || is_of_another_site(request))
        return "a page of another origin has sent it; allowed: with the bearer token of admin.token";
    return is_own_name(config, request) ? NULL : foreign_name;
}

const char *admin_look_refusal(const struct admin_config *config, const struct http_request *request)
{
    if (sends_token(config, request))
        return token_refusal(config, request);
    return is_own_name(config, request) ? NULL : foreign_name;
}
