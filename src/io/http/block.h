/* block: memory of a request or of its answer: one piece of fixed size, whose end is an arena, and further pieces where that
 * is not enough. Given back as a whole.
 *
 *   pool     blocks of one kind that were given back, for the next ones, so that a usual request allocates nothing; the
 *            last one first, because its bytes are still in the processor's cache
 *   budget   what all blocks of a listener hold; input is refused beyond its limit, answers are not
 *
 * A block is the first member of what lies in it. block_try_* is for what input decides. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block_piece;

struct block_budget {
    uint64_t used_bytes;
    uint64_t limit_bytes;
};

struct block {
    struct block_budget *budget;
    struct block_piece *pieces; /* the further ones */
    char *free;                 /* the arena: free..end of the newest piece */
    char *end;
    size_t held_bytes; /* counted in the budget for this block */
};

struct block_pool {
    size_t size;      /* of a block */
    size_t head_size; /* of what lies in it, before its arena */
    struct block *spare;
    unsigned spare_count;
    unsigned spare_least; /* since the last block_pool_trim */
};

/* NULL when the budget or the memory is out. Nothing behind the block itself is initialized. */
struct block *block_try_take(struct block_pool *pool, struct block_budget *budget);

/* Beyond the budget: for an answer that must be given. */
struct block *block_take(struct block_pool *pool, struct block_budget *budget);

void block_give_back(struct block_pool *pool, struct block *block);

/* Frees half of what was not needed since the last call: memory follows the load, with some patience. */
void block_pool_trim(struct block_pool *pool);
void block_pool_free(struct block_pool *pool);

/* Makes sure that the next block_alloc of up to `size` bytes needs nothing more. False when the budget or the memory is out. */
bool block_try_room(struct block *block, size_t size);

/* Memory of the arena, not aligned, whatever the budget says. The unused end of the newest piece may be given back. */
char *block_alloc(struct block *block, size_t size);
void block_shrink(struct block *block, char *end);

/* Counts memory that lies elsewhere as the block's, if there is room for it. */
bool block_try_hold(struct block *block, size_t size);
