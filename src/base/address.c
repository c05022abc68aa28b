#include "base/address.h"

#include "base/decimal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define ALLOWED "allowed: \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\", \"localhost:8080\", \"unix:/path\""

static int parse_unix(struct address *address, struct text path, struct error *err)
{
    if (path.size == 0)
        return error_set(err, E_INVALID, "\"unix:\" has no path; " ALLOWED);
    if (path.size >= sizeof(address->path))
        return error_set(err, E_INVALID, "the path of a Unix socket takes at most %zu bytes, found %zu", sizeof(address->path) - 1,
                         path.size);
    if (memchr(path.data, '\0', path.size) != NULL)
        return error_set(err, E_INVALID, "the path of a Unix socket holds a NUL");
    *address = (struct address){ .kind = ADDRESS_UNIX };
    memcpy(address->path, path.data, path.size);
    return 0;
}

/* Decimal, without sign or space; false if there is none, or it passes `most`. */
static bool parse_number(struct text text, unsigned most, unsigned *number)
{
    unsigned value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text.data[i] - '0');
        if (value > most)
            return false;
    }
    *number = value;
    return text.size > 0;
}

/* inet_pton for a text that has no NUL at its end. */
static bool parse_ip(int family, struct text text, void *out)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(family, copy, out) == 1;
}

static bool parse_v4_host(struct text host, struct address *address, in_port_t port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&address->ip;
    *in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
    if (host.size == 0)
        return true; /* INADDR_ANY is 0 */
    return parse_ip(AF_INET, text_is(host, "localhost") ? TEXT("127.0.0.1") : host, &in->sin_addr);
}

static bool parse_v6_host(struct text host, struct address *address, in_port_t port)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->ip;
    *in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
    return parse_ip(AF_INET6, host, &in6->sin6_addr);
}

static bool parse_host(struct text host, struct address *address, in_port_t port)
{
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        return parse_v6_host((struct text){ host.data + 1, host.size - 2 }, address, port);
    return parse_v4_host(host, address, port);
}

int address_parse(struct address *address, struct text text, struct error *err)
{
    if (text.size >= 5 && memcmp(text.data, "unix:", 5) == 0)
        return parse_unix(address, (struct text){ text.data + 5, text.size - 5 }, err);

    const char *colon = text.size == 0 ? NULL : memrchr(text.data, ':', text.size);
    if (colon == NULL)
        return error_set(err, E_INVALID, "\"%.*s\" has no port; " ALLOWED, TEXT_ARG(text));

    struct text host = { text.data, (size_t)(colon - text.data) };
    struct text digits = { colon + 1, text.size - host.size - 1 };
    unsigned port;
    if (!parse_number(digits, 65535, &port))
        return error_set(err, E_INVALID, "\"%.*s\" is no port; allowed: 0 to 65535", TEXT_ARG(digits));

    struct address read = { .kind = ADDRESS_IP };
    if (!parse_host(host, &read, htons((uint16_t)port)))
        return error_set(err, E_INVALID, "\"%.*s\" is no numeric address (names are not looked up); " ALLOWED, TEXT_ARG(host));
    *address = read;
    return 0;
}

void address_sockaddr_text(const struct sockaddr *peer, char out[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)peer;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else if (peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
    } else {
        snprintf(out, ADDRESS_TEXT_SIZE, "unix:");
    }
}

void address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
    if (address->kind == ADDRESS_UNIX)
        snprintf(out, ADDRESS_TEXT_SIZE, "unix:%s", address->path);
    else
        address_sockaddr_text((const struct sockaddr *)&address->ip, out);
}

/* Four times as fast as inet_ntop, for what is done once a request. */
static struct text v4_text(const struct in_addr *v4, char *out)
{
    const uint8_t *bytes = (const uint8_t *)&v4->s_addr;
    char *at = decimal_write(out, bytes[0]);
    for (int i = 1; i < 4; i++) {
        *at++ = '.';
        at = decimal_write(at, bytes[i]);
    }
    return (struct text){ out, (size_t)(at - out) };
}

struct text address_host_text(const struct sockaddr *peer, char out[ADDRESS_TEXT_SIZE])
{
    if (peer->sa_family == AF_INET)
        return v4_text(&((const struct sockaddr_in *)peer)->sin_addr, out);
    if (peer->sa_family != AF_INET6)
        return TEXT_NONE;
    return text_of(inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr, out, ADDRESS_TEXT_SIZE));
}

struct text address_split(const char *address, unsigned *port)
{
    *port = 0;
    if (strncmp(address, "unix:", 5) == 0)
        return text_of(address + 5);
    const char *bracket = strrchr(address, ']');
    const char *colon = strrchr(bracket == NULL ? address : bracket, ':');
    struct text host = { address, colon == NULL ? strlen(address) : (size_t)(colon - address) };
    if (colon != NULL)
        parse_number(text_of(colon + 1), 65535, port);
    if (host.size >= 2 && host.data[0] == '[')
        host = (struct text){ host.data + 1, host.size - 2 };
    return host;
}

static const uint8_t mapped_prefix[12] = { [10] = 0xFF, [11] = 0xFF };

static void map_v4(uint8_t bytes[16], const struct in_addr *v4)
{
    memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
    memcpy(bytes + sizeof(mapped_prefix), v4, sizeof(*v4));
}

/* Reads either family into the mapped form. Returns the bits of such an address, or 0 if it is none. */
static unsigned parse_bytes(struct text host, uint8_t bytes[16])
{
    struct in_addr v4;
    if (parse_ip(AF_INET, host, &v4)) {
        map_v4(bytes, &v4);
        return 32;
    }
    return parse_ip(AF_INET6, host, bytes) ? 128 : 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool zero_after(const uint8_t bytes[16], unsigned bits)
{
    for (unsigned i = bits; i < 128; i++)
        if (bytes[i / 8] & (0x80 >> i % 8))
            return false;
    return true;
}

int address_range_parse(struct address_range *range, struct text text, struct error *err)
{
    const char *slash = text.size == 0 ? NULL : memchr(text.data, '/', text.size);
    struct text host = { text.data, slash == NULL ? text.size : (size_t)(slash - text.data) };
    struct address_range read;
    unsigned width = host.size == 0 ? 0 : parse_bytes(host, read.bytes);
    if (width == 0)
        return error_set(err, E_INVALID, "\"%.*s\" is no range of addresses; allowed: \"127.0.0.1\", \"10.0.0.0/8\", \"::1\", \"fd00::/8\"",
                         TEXT_ARG(text));

    unsigned bits = width;
    if (slash != NULL && !parse_number((struct text){ slash + 1, text.size - host.size - 1 }, width, &bits))
        return error_set(err, E_INVALID, "\"%.*s\" has a wrong prefix length; allowed: 0 to %u", TEXT_ARG(text), width);

    read.bits = 128 - width + bits;
    if (!zero_after(read.bytes, read.bits))
        return error_set(err, E_INVALID, "\"%.*s\" has bits set after its prefix of %u", TEXT_ARG(text), bits);
    *range = read;
    return 0;
}

bool address_in(const struct sockaddr *peer, const struct address_range *range)
{
    uint8_t bytes[16];
    if (peer->sa_family == AF_INET)
        map_v4(bytes, &((const struct sockaddr_in *)peer)->sin_addr);
    else if (peer->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr, sizeof(bytes));
    else
        return false;
    return same_bits(bytes, range->bytes, range->bits);
}
