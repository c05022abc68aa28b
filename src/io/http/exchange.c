#include "io/http/exchange.h"

#include "base/memory.h"

#include <stdalign.h>
#include <string.h>

#define BLOCK_SIZE      4096
#define SMALL_BODY_SIZE (16 * 1024) /* larger bodies do not fragment the arena */
#define FIRST_LARGE     (64 * 1024) /* one read */

/* An address sanitizer finds a use after http_reply only in memory that was really freed. */
#if defined(__SANITIZE_ADDRESS__)
#define SPARE_MAX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPARE_MAX 0
#endif
#endif
#ifndef SPARE_MAX
#define SPARE_MAX 16384 /* 32 MiB; what is not needed for a while is trimmed */
#endif

struct exchange_block {
    struct exchange_block *next;
    max_align_t data[];
};

static bool has_room(const struct exchange_budget *budget, size_t size)
{
    return budget->used_bytes + size <= budget->limit_bytes;
}

static void hold(struct exchange *exchange, size_t size)
{
    exchange->held_bytes += size;
    exchange->budget->used_bytes += size;
}

static struct exchange *start(struct exchange *exchange, struct exchange_budget *budget)
{
    memset(exchange, 0, offsetof(struct exchange, made_id));
    exchange->budget = budget;
    exchange->headers = exchange->first_headers;
    exchange->header_capacity = EXCHANGE_HEADERS;
    exchange->free = exchange->space;
    exchange->end = (char *)exchange + EXCHANGE_SIZE;
    exchange->request.body = TEXT("");
    list_init(&exchange->link);
    hold(exchange, EXCHANGE_SIZE);
    return exchange;
}

static struct exchange *take_spare(struct exchange_pool *pool)
{
    struct exchange *exchange = pool->spare;
    if (exchange == NULL)
        return NULL;
    pool->spare = exchange->request.user; /* free for us between two uses */
    pool->spare_count--;
    if (pool->spare_count < pool->spare_least)
        pool->spare_least = pool->spare_count;
    return exchange;
}

struct exchange *exchange_take(struct exchange_pool *pool, struct exchange_budget *budget)
{
    if (!has_room(budget, EXCHANGE_SIZE))
        return NULL;
    struct exchange *exchange = take_spare(pool);
    if (exchange == NULL)
        exchange = mem_try_alloc(EXCHANGE_SIZE);
    return exchange == NULL ? NULL : start(exchange, budget);
}

struct exchange *exchange_take_anyway(struct exchange_pool *pool, struct exchange_budget *budget)
{
    struct exchange *exchange = take_spare(pool);
    return start(exchange == NULL ? mem_alloc(EXCHANGE_SIZE) : exchange, budget);
}

void exchange_give_back(struct exchange_pool *pool, struct exchange *exchange)
{
    exchange->budget->used_bytes -= exchange->held_bytes;
    mem_free(exchange->large_body);
    for (struct exchange_block *block = exchange->blocks, *next; block != NULL; block = next) {
        next = block->next;
        mem_free(block);
    }
    if (pool->spare_count >= SPARE_MAX) {
        mem_free(exchange);
        return;
    }
    exchange->request.user = pool->spare;
    pool->spare = exchange;
    pool->spare_count++;
}

void exchange_pool_trim(struct exchange_pool *pool)
{
    for (unsigned left = (pool->spare_least + 1) / 2; left > 0; left--)
        mem_free(take_spare(pool));
    pool->spare_least = pool->spare_count;
}

void exchange_pool_free(struct exchange_pool *pool)
{
    struct exchange *exchange;
    while ((exchange = take_spare(pool)) != NULL)
        mem_free(exchange);
}

static void link_block(struct exchange *exchange, struct exchange_block *block, size_t size)
{
    block->next = exchange->blocks;
    exchange->blocks = block;
    exchange->free = (char *)block->data;
    exchange->end = exchange->free + size;
    hold(exchange, sizeof(*block) + size);
}

static size_t block_size(size_t wanted)
{
    return wanted > BLOCK_SIZE ? wanted : BLOCK_SIZE;
}

static bool try_room(struct exchange *exchange, size_t size)
{
    if ((size_t)(exchange->end - exchange->free) >= size)
        return true;
    size_t capacity = block_size(size);
    if (!has_room(exchange->budget, sizeof(struct exchange_block) + capacity))
        return false;
    struct exchange_block *block = mem_try_alloc(sizeof(*block) + capacity);
    if (block == NULL)
        return false;
    link_block(exchange, block, capacity);
    return true;
}

char *exchange_alloc(struct exchange *exchange, size_t size)
{
    if ((size_t)(exchange->end - exchange->free) < size) {
        size_t capacity = block_size(size);
        link_block(exchange, mem_alloc(sizeof(struct exchange_block) + capacity), capacity);
    }
    char *memory = exchange->free;
    exchange->free += size;
    return memory;
}

void exchange_shrink(struct exchange *exchange, char *end)
{
    exchange->free = end;
}

bool exchange_append(struct exchange *exchange, struct text *text, const char *data, size_t size)
{
    bool at_end = text->size > 0 && text->data + text->size == exchange->free;
    if (!at_end || (size_t)(exchange->end - exchange->free) < size) {
        /* Twice the room on a move, so that a text that comes byte by byte costs O(size) all the same. */
        if (!try_room(exchange, 2 * text->size + size))
            return false;
        if (text->size > 0)
            memcpy(exchange->free, text->data, text->size);
        text->data = exchange->free;
        exchange->free += text->size;
    }
    memcpy(exchange->free, data, size);
    exchange->free += size;
    text->size += size;
    return true;
}

static bool grow_large_body(struct exchange *exchange, size_t needed, uint64_t announced)
{
    size_t capacity = exchange->large_capacity * 2;
    if (capacity < FIRST_LARGE)
        capacity = FIRST_LARGE;
    if (announced > 0 && capacity > announced)
        capacity = (size_t)announced;
    if (capacity < needed)
        capacity = needed;

    size_t more = capacity - exchange->large_capacity;
    if (!has_room(exchange->budget, more))
        return false;
    char *body = mem_try_realloc(exchange->large_body, capacity);
    if (body == NULL)
        return false;
    if (exchange->large_body == NULL && exchange->request.body.size > 0)
        memcpy(body, exchange->request.body.data, exchange->request.body.size);
    exchange->large_body = body;
    exchange->large_capacity = capacity;
    exchange->request.body.data = body;
    hold(exchange, more);
    return true;
}

bool exchange_append_body(struct exchange *exchange, const char *data, size_t size, uint64_t announced)
{
    struct text *body = &exchange->request.body;
    size_t needed = body->size + size;
    bool small = exchange->large_body == NULL && needed <= SMALL_BODY_SIZE && announced <= SMALL_BODY_SIZE;
    if (small) {
        if (body->size == 0 && announced > size && !try_room(exchange, (size_t)announced))
            return false;
        return exchange_append(exchange, body, data, size);
    }
    if (needed > exchange->large_capacity && !grow_large_body(exchange, needed, announced))
        return false;
    memcpy(exchange->large_body + body->size, data, size);
    body->size = needed;
    return true;
}

static bool grow_headers(struct exchange *exchange)
{
    size_t align = alignof(struct exchange_header);
    size_t size = 2 * exchange->header_capacity * sizeof(struct exchange_header);
    if (!try_room(exchange, size + align))
        return false;
    char *at = exchange->free + (align - (uintptr_t)exchange->free % align) % align;
    memcpy(at, exchange->headers, exchange->header_count * sizeof(struct exchange_header));
    exchange->headers = (struct exchange_header *)(void *)at;
    exchange->header_capacity *= 2;
    exchange->free = at + size;
    return true;
}

bool exchange_add_header(struct exchange *exchange)
{
    if (exchange->header_count == exchange->header_capacity && !grow_headers(exchange))
        return false;
    exchange->headers[exchange->header_count++] = (struct exchange_header){ TEXT(""), TEXT("") };
    return true;
}
