#include "io/http/exchange.h"

#include <string.h>

const struct block_pool exchange_pool = { .size = EXCHANGE_SIZE, .head_size = sizeof(struct exchange) };

static struct exchange *start(struct block *block)
{
    struct exchange *exchange = (struct exchange *)(void *)block;
    if (exchange == NULL)
        return NULL;
    memset(&exchange->request, 0, offsetof(struct exchange, made_id) - offsetof(struct exchange, request));
    list_init(&exchange->link);
    return exchange;
}

struct exchange *exchange_try_take(struct block_pool *pool, struct block_budget *budget)
{
    return start(block_try_take(pool, budget));
}

struct exchange *exchange_take(struct block_pool *pool, struct block_budget *budget)
{
    return start(block_take(pool, budget));
}

/* A given id must outlive the message. */
static void keep_id(struct exchange *exchange)
{
    struct text *id = &exchange->request.id;
    if (id->size == 0)
        return;
    char *copy = block_alloc(&exchange->block, id->size);
    memcpy(copy, id->data, id->size);
    id->data = copy;
}

void exchange_begin(struct exchange *exchange, struct message *message)
{
    exchange->request = message->request;
    exchange->version_10 = message->version_10;
    exchange->message = message;
    message->exchange = exchange;
    keep_id(exchange);
}

bool exchange_keep(struct exchange *exchange, struct text read)
{
    struct message *message = exchange->message;
    if (!message_keep(message, read))
        return false;
    exchange->request.path = message->request.path;
    exchange->request.query = message->request.query;
    exchange->request.body = message->request.body;
    return true;
}

void exchange_give_back(struct block_pool *pool, struct exchange *exchange)
{
    block_give_back(pool, &exchange->block);
}
