/* shelf: pieces of memory that were given back, kept for the next of their size: the last one first, because its bytes are still in
 * the processor's cache. malloc would join and split them each time, which costs several times as much.
 *
 * What is kept is bounded: SHELF_KEEPS bytes in all, about half of a processor's second-level cache. Pieces larger than SHELF_LARGEST
 * are not kept. One thread. */
#pragma once

#include <stddef.h>

#define SHELF_KEEPS   (512 * 1024)
#define SHELF_STEP    64 /* sizes are rounded up to multiples of this */
#define SHELF_LARGEST 1024

struct shelf_piece;

/* All zero is an empty shelf. */
struct shelf {
    struct shelf_piece *stacks[SHELF_LARGEST / SHELF_STEP]; /* by size */
    size_t kept_bytes;
};

/* Memory that is not initialized; `try` where input decides the size: NULL when there is none. Give it back with shelf_give. */
void *shelf_take(struct shelf *shelf, size_t size);
void *shelf_try_take(struct shelf *shelf, size_t size);

/* `size` as it was taken with. */
void shelf_give(struct shelf *shelf, void *memory, size_t size);

/* Frees what is kept. */
void shelf_clear(struct shelf *shelf);
