#include "api/admin.h"

#include "api/bearer_token.h"
#include "base/address.h"

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

static bool is_passed_on(const struct http_request *request)
{
    return http_request_header(request, "forwarded").data != NULL || http_request_header(request, "x-forwarded-for").data != NULL;
}

/* "http://localhost:8080" for the host "localhost:8080" is our own page; "null" is nobody's. */
static bool is_of_another_page(const struct http_request *request)
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

static bool is_from(const struct config_list *ranges, const struct sockaddr *peer)
{
    for (size_t i = 0; i < ranges->count; i++) {
        struct address_range range;
        if (address_range_parse(&range, text_of(((const char *const *)ranges->items)[i]), NULL) == 0 && address_in(peer, &range))
            return true;
    }
    return false;
}

const char *admin_refusal(const struct admin_config *config, const struct http_request *request)
{
    struct text token = bearer_token(request);
    if (token.data != NULL && config->token != NULL)
        return is_token(token, config->token) ? NULL : "the bearer token is not that of admin.token";
    if (!is_from(&config->from, http_request_client(request)))
        return "allowed: from an address in admin.from, or with the bearer token of admin.token";
    if (is_passed_on(request))
        return "a proxy has passed it on; allowed: with the bearer token of admin.token";
    if (is_of_another_page(request))
        return "a page of another origin has sent it; allowed: with the bearer token of admin.token";
    return NULL;
}
