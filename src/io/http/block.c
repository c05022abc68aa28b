#include "io/http/block.h"

#include "base/memory.h"

#include <stdalign.h>

#define PIECE_SIZE 4096 /* of a further piece, at least */

#define SPARE_MAX (MEM_IS_WATCHED ? 0 : 16384) /* at 1 KiB 16 MiB; what is not needed for a while is trimmed */

struct block_piece {
    struct block_piece *next;
    max_align_t data[];
};

static bool has_room(const struct block_budget *budget, size_t size)
{
    return budget->used_bytes + size <= budget->limit_bytes;
}

static void hold(struct block *block, size_t size)
{
    block->held_bytes += size;
    block->budget->used_bytes += size;
}

bool block_try_hold(struct block *block, size_t size)
{
    if (!has_room(block->budget, size))
        return false;
    hold(block, size);
    return true;
}

/* A spare block is its own link: the arena's place is free between two uses. */
static struct block *next_of(const struct block *spare)
{
    return (struct block *)(void *)spare->free;
}

static struct block *take_spare(struct block_pool *pool)
{
    struct block *block = pool->spare;
    if (block == NULL)
        return NULL;
    pool->spare = next_of(block);
    pool->spare_count--;
    if (pool->spare_count < pool->spare_least)
        pool->spare_least = pool->spare_count;
    return block;
}

static struct block *start(const struct block_pool *pool, struct block *block, struct block_budget *budget)
{
    *block = (struct block){ .budget = budget, .free = (char *)block + pool->head_size, .end = (char *)block + pool->size };
    hold(block, pool->size);
    return block;
}

struct block *block_try_take(struct block_pool *pool, struct block_budget *budget)
{
    if (!has_room(budget, pool->size))
        return NULL;
    struct block *block = take_spare(pool);
    if (block == NULL)
        block = mem_try_alloc(pool->size);
    return block == NULL ? NULL : start(pool, block, budget);
}

struct block *block_take(struct block_pool *pool, struct block_budget *budget)
{
    struct block *block = take_spare(pool);
    return start(pool, block == NULL ? mem_alloc(pool->size) : block, budget);
}

void block_give_back(struct block_pool *pool, struct block *block)
{
    block->budget->used_bytes -= block->held_bytes;
    for (struct block_piece *piece = block->pieces, *next; piece != NULL; piece = next) {
        next = piece->next;
        mem_free(piece);
    }
    if (pool->spare_count >= SPARE_MAX) {
        mem_free(block);
        return;
    }
    block->free = (char *)pool->spare;
    pool->spare = block;
    pool->spare_count++;
}

void block_pool_trim(struct block_pool *pool)
{
    for (unsigned left = (pool->spare_least + 1) / 2; left > 0; left--)
        mem_free(take_spare(pool));
    pool->spare_least = pool->spare_count;
}

void block_pool_free(struct block_pool *pool)
{
    struct block *block;
    while ((block = take_spare(pool)) != NULL)
        mem_free(block);
}

static bool fits(const struct block *block, size_t size)
{
    return (size_t)(block->end - block->free) >= size;
}

static size_t piece_size(size_t wanted)
{
    return wanted > PIECE_SIZE ? wanted : PIECE_SIZE;
}

static void add_piece(struct block *block, struct block_piece *piece, size_t size)
{
    piece->next = block->pieces;
    block->pieces = piece;
    block->free = (char *)piece->data;
    block->end = block->free + size;
    hold(block, sizeof(*piece) + size);
}

bool block_try_room(struct block *block, size_t size)
{
    if (fits(block, size))
        return true;
    size_t capacity = piece_size(size);
    if (!has_room(block->budget, sizeof(struct block_piece) + capacity))
        return false;
    struct block_piece *piece = mem_try_alloc(sizeof(*piece) + capacity);
    if (piece == NULL)
        return false;
    add_piece(block, piece, capacity);
    return true;
}

char *block_alloc(struct block *block, size_t size)
{
    if (!fits(block, size)) {
        size_t capacity = piece_size(size);
        add_piece(block, mem_alloc(sizeof(struct block_piece) + capacity), capacity);
    }
    char *memory = block->free;
    block->free += size;
    return memory;
}

void block_shrink(struct block *block, char *end)
{
    block->free = end;
}
