/* address: where a listener listens, and which clients are meant. Numbers only: no name is ever looked up.
 *
 *   "127.0.0.1:8080"  "[::1]:8080"      that interface
 *   ":8080"                             every IPv4 interface ("[::]:8080": IPv6 too)
 *   "localhost:8080"                    127.0.0.1, always
 *   "unix:/run/millrace.sock"           a Unix socket
 *
 *   range: "127.0.0.1/32", "10.0.0.0/8", "::1", "fd00::/8": the addresses that share its first bits
 *
 * Port 0 lets the system choose. Plain values: copied freely, nothing to free. Any thread. */
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum address_kind { ADDRESS_IP, ADDRESS_UNIX };

struct address {
    enum address_kind kind;
    struct sockaddr_storage ip;                             /* ADDRESS_IP: an AF_INET or AF_INET6 address with its port */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* ADDRESS_UNIX: ends in NUL */
};

/* Returns 0 or E_INVALID with a sentence that says what is allowed. */
int address_parse(struct address *address, struct text text, struct error *err);

/* Back to text, as address_parse takes it; `out` takes ADDRESS_TEXT_SIZE bytes. */
#define ADDRESS_TEXT_SIZE 128
void address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

/* The same for a peer or a bound socket. A Unix socket without a name is "unix:". */
void address_sockaddr_text(const struct sockaddr *peer, char out[ADDRESS_TEXT_SIZE]);

/* The peer's host alone, without brackets, in `out`; TEXT_NONE for a Unix socket. */
struct text address_host_text(const struct sockaddr *peer, char out[ADDRESS_TEXT_SIZE]);

/* Parts an address as address_text writes it, or a Host header has it: the host without brackets, and the port, 0 where there is none; of a
 * Unix socket its path. */
struct text address_split(const char *address, unsigned *port);

struct address_range {
    uint8_t bytes[16]; /* IPv4 in its mapped form, ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2) */
    unsigned bits;     /* of those 128 that count */
};

/* A range without "/bits" is that one address. Bits after the prefix must be 0, so that a slip of the hand is found.
 * Returns 0 or E_INVALID with a sentence. */
int address_range_parse(struct address_range *range, struct text text, struct error *err);

/* True if the peer's address lies in the range. IPv4 matches also as mapped into IPv6, as a socket on [::] reports it.
 * A peer on a Unix socket lies in none. */
bool address_in(const struct sockaddr *peer, const struct address_range *range);
