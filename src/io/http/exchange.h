/* exchange: a request and its reply, with the memory of both.
 *
 * An exchange is one block of EXCHANGE_SIZE bytes, the last part of which is its arena; a request that needs more gets
 * further blocks, and a large body memory of its own, which grows with what really arrives, not with what was announced.
 * Blocks that are given back are kept in the pool for the next exchanges, so that a usual request allocates nothing.
 *
 *   pool     shared by all listeners of a server
 *   budget   what all exchanges of a listener hold; input is refused beyond its limit, replies are not
 *
 * Functions that take input return false when the budget or the memory is out: the request is then refused with 503. */
#pragma once

#include "base/list.h"
#include "io/http/request.h"

#include <stdbool.h>

#define EXCHANGE_SIZE    2048
#define EXCHANGE_HEADERS 12 /* in the block itself; a browser sends some fifteen, a service five */
#define EXCHANGE_ID_SIZE 16

struct connection;
struct exchange_block;

struct exchange_budget {
    uint64_t used_bytes;
    uint64_t limit_bytes;
};

struct exchange_pool {
    struct exchange *spare;
    unsigned spare_count;
    unsigned spare_least; /* since the last exchange_pool_trim */
};

struct exchange_header {
    struct text name;
    struct text value;
};

struct exchange {
    struct http_request request; /* first: the handler's pointer is the exchange's */
    struct list link;            /* in its connection's, in the order of the requests */
    struct connection *connection;
    struct exchange_budget *budget;
    struct text reply; /* ready to be sent; data == NULL until the request is answered */

    bool keep_alive; /* another request may follow */
    bool version_10; /* HTTP/1.0 */
    bool expects_continue;

    struct exchange_header *headers;
    unsigned header_count;
    unsigned header_capacity;

    char *free; /* the arena: free..end of the newest block */
    char *end;
    struct exchange_block *blocks;
    char *large_body; /* NULL while the body is in the arena */
    size_t large_capacity;
    size_t held_bytes; /* counted in the budget for this exchange */

    char made_id[EXCHANGE_ID_SIZE];
    struct exchange_header first_headers[EXCHANGE_HEADERS];
    char space[];
};

static inline struct exchange *exchange_of(const struct http_request *request)
{
    return (struct exchange *)(void *)request;
}

/* NULL when the budget or the memory is out. */
struct exchange *exchange_take(struct exchange_pool *pool, struct exchange_budget *budget);

/* Beyond the budget: for an answer that must be given. */
struct exchange *exchange_take_anyway(struct exchange_pool *pool, struct exchange_budget *budget);

void exchange_give_back(struct exchange_pool *pool, struct exchange *exchange);

/* Frees half of what was not needed since the last call: memory follows the load, with some patience. */
void exchange_pool_trim(struct exchange_pool *pool);
void exchange_pool_free(struct exchange_pool *pool);

/* Adds bytes at the end of a text that lies in the arena (or is empty), moving it where it has no room to grow. */
bool exchange_append(struct exchange *exchange, struct text *text, const char *data, size_t size);

/* Adds bytes to the body. `announced`: the body's whole size where Content-Length tells it, else 0. */
bool exchange_append_body(struct exchange *exchange, const char *data, size_t size, uint64_t announced);

/* Adds an empty header at the end. */
bool exchange_add_header(struct exchange *exchange);

static inline struct exchange_header *exchange_last_header(struct exchange *exchange)
{
    return &exchange->headers[exchange->header_count - 1];
}

/* Memory of the arena whatever the budget says; the unused end of the newest piece may be given back. */
char *exchange_alloc(struct exchange *exchange, size_t size);
void exchange_shrink(struct exchange *exchange, char *end);
