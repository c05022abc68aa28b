/* parser: from bytes to messages, one request after the other; llhttp in its strict form, and what it leaves to us:
 * sizes, the Host header, the transfer coding, protocol names, HTTP/0.9.
 *
 *   between --first byte--> line --> headers --> body --> between
 *                                       |  a body follows: PARSER_HEAD      |  PARSER_REQUEST
 *
 * It pulls: feed it bytes and it stops at the next event, so that its owner decides whether it goes on. It knows no socket
 * and no clock. After PARSER_FAULT it takes nothing more. */
#pragma once

#include "io/http/fault.h"
#include "io/http/http_config.h"
#include "io/http/message.h"

#include <llhttp.h>

#define PARSER_LOOK_BACK 7 /* one character, a blank, "HTTP/" */

enum parser_event {
    PARSER_MORE,    /* all bytes are used up */
    PARSER_HEAD,    /* the head is valid and a body follows: feed it on, now or later */
    PARSER_REQUEST, /* parser->message is whole: take it, while the read is there */
    PARSER_FAULT,   /* parser->fault says which; parser->message may hold what was read */
};

enum parser_phase { PARSER_BETWEEN, PARSER_LINE, PARSER_HEADERS, PARSER_BODY };

struct parser {
    llhttp_t llhttp;
    const struct http_limits *limits;
    struct block_pool *pool;
    struct block_budget *budget;

    struct message *message; /* the request being read; NULL between requests */
    uint64_t now_us;         /* set by the owner before feeding: when a request that begins now arrived */
    const char *fed;         /* where the bytes begin that are being read, */
    const char *target_fed;  /* and those of them that are the target or follow it */
    enum parser_phase phase;
    enum fault fault;

    uint64_t body_wire_bytes; /* chunk sizes, extensions and trailers included */
    uint64_t header_bytes;
    unsigned header_count;
    unsigned host_count;
    unsigned coding_count;
    enum fault refused; /* by a header's value; FAULT_NONE else */
    bool version_begun;
    char last_bytes[PARSER_LOOK_BACK]; /* the end of the last feed while the request line is incomplete */
};

void parser_init(struct parser *parser, const struct http_limits *limits, struct block_pool *pool, struct block_budget *budget);

/* Reads from *at until something happens; *at then points behind what was used. */
enum parser_event parser_feed(struct parser *parser, const char **at, const char *end);

/* The read goes away: copies what an unfinished request needs of it. False when the budget or the memory is out. */
bool parser_keep(struct parser *parser, struct text read);

/* Hands the message over, if there is one. */
struct message *parser_take(struct parser *parser);

/* Gives back what is unfinished. */
void parser_close(struct parser *parser);
