/* exchange: a request that is at its handler's, and its answer, until that is handed to the kernel. Thousands wait at once for
 * what they asked for, so it is small: the bytes of the request are in its message, which goes when the handler returns. */
#pragma once

#include "base/list.h"
#include "io/http/message.h"

#define EXCHANGE_SIZE    1024 /* of which a usual one uses a half */
#define EXCHANGE_ID_SIZE 16

struct connection;

struct exchange {
    struct block block;          /* first */
    struct http_request request; /* the handler's pointer is to this */
    struct list link;            /* in its connection's, in the order of the requests */
    struct connection *connection;
    struct text reply;       /* ready to be sent; data == NULL until the request is answered */
    struct message *message; /* NULL once the handler has returned, unless it is kept */
    bool version_10;
    char made_id[EXCHANGE_ID_SIZE];
    char space[];
};

extern const struct block_pool exchange_pool; /* empty */

static inline struct exchange *exchange_of(const struct http_request *request)
{
    return (struct exchange *)(void *)((char *)(uintptr_t)request - offsetof(struct exchange, request));
}

/* NULL when the budget or the memory is out. */
struct exchange *exchange_try_take(struct block_pool *pool, struct block_budget *budget);

/* Beyond the budget: for an answer that must be given. */
struct exchange *exchange_take(struct block_pool *pool, struct block_budget *budget);

/* The message has become a request. */
void exchange_begin(struct exchange *exchange, struct message *message);

/* The read goes away: its request's texts are copied. False when the budget or the memory is out. */
bool exchange_keep(struct exchange *exchange, struct text read);

void exchange_give_back(struct block_pool *pool, struct exchange *exchange);
