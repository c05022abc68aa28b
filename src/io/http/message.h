/* message: a request while it comes in and while its handler looks at it: head and body.
 *
 *   read     the bytes that the socket has just given, in memory that the next read uses again
 *   text     a part of the request: where it came in one piece it lies in the read, else in the message's block
 *
 * So a request that comes within one read is not copied at all. Before the read goes, message_keep copies what is still needed. */
#pragma once

#include "io/http/block.h"
#include "io/http/request.h"

#define MESSAGE_SIZE    2048
#define MESSAGE_HEADERS 12 /* in the block itself; a browser sends some fifteen, a service five */

struct exchange;

struct message_header {
    struct text name;
    struct text value;
};

struct message {
    struct block block; /* first */
    struct http_request request;
    struct exchange *exchange; /* the handler's, while it looks; NULL before, and once it is answered */
    struct text target;        /* TEXT_NONE once path and query are known */

    bool keep_alive; /* another request may follow */
    bool version_10; /* HTTP/1.0 */
    bool expects_continue;

    struct message_header *headers;
    unsigned header_count;
    unsigned header_capacity;
    unsigned kept_headers; /* of them: the first ones, which no longer lie in a read */

    char *large_body; /* NULL while the body is in the read, or small */
    size_t large_capacity;

    struct message_header first_headers[MESSAGE_HEADERS];
    char space[];
};

extern const struct block_pool message_pool; /* empty */

/* NULL when the budget or the memory is out. */
struct message *message_take(struct block_pool *pool, struct block_budget *budget);
void message_give_back(struct block_pool *pool, struct message *message);

/* Those that take input return false when the budget or the memory is out: the request is then refused with 503. */

/* Adds bytes of the read at the end of one of the message's texts. */
bool message_append(struct message *message, struct text *text, const char *data, size_t size);

/* Adds bytes of the read to the body, of which `left` are still to come, as far as it is known, else 0. `chunked`: it is not. */
bool message_append_body(struct message *message, const char *data, size_t size, uint64_t left, bool chunked);

/* Adds an empty header at the end. */
bool message_add_header(struct message *message);

static inline struct message_header *message_last_header(struct message *message)
{
    return &message->headers[message->header_count - 1];
}

/* The read goes away: copies what lies in it. */
bool message_keep(struct message *message, struct text read);
