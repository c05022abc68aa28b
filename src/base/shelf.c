#include "base/shelf.h"

#include "base/memory.h"

#include <stdbool.h>

#define KEEPS (MEM_IS_WATCHED ? 0 : SHELF_KEEPS)

struct shelf_piece {
    struct shelf_piece *next;
};

static bool fits(size_t size)
{
    return size > 0 && size <= SHELF_LARGEST;
}

static size_t rounded(size_t size)
{
    return !fits(size) ? size : (size + SHELF_STEP - 1) / SHELF_STEP * SHELF_STEP;
}

static struct shelf_piece **stack_of(struct shelf *shelf, size_t size)
{
    return &shelf->stacks[(size - 1) / SHELF_STEP];
}

static void *pop(struct shelf *shelf, size_t size)
{
    if (!fits(size))
        return NULL;
    struct shelf_piece **stack = stack_of(shelf, size);
    struct shelf_piece *piece = *stack;
    if (piece == NULL)
        return NULL;
    *stack = piece->next;
    shelf->kept_bytes -= rounded(size);
    return piece;
}

void *shelf_take(struct shelf *shelf, size_t size)
{
    void *memory = pop(shelf, size);
    return memory != NULL ? memory : mem_alloc(rounded(size));
}

void *shelf_try_take(struct shelf *shelf, size_t size)
{
    void *memory = pop(shelf, size);
    return memory != NULL ? memory : mem_try_alloc(rounded(size));
}

void shelf_give(struct shelf *shelf, void *memory, size_t size)
{
    if (!fits(size) || shelf->kept_bytes + rounded(size) > KEEPS) {
        mem_free(memory);
        return;
    }
    struct shelf_piece **stack = stack_of(shelf, size);
    struct shelf_piece *piece = memory;
    piece->next = *stack;
    *stack = piece;
    shelf->kept_bytes += rounded(size);
}

void shelf_clear(struct shelf *shelf)
{
    for (size_t size = SHELF_STEP; size <= SHELF_LARGEST; size += SHELF_STEP) {
        for (void *memory; (memory = pop(shelf, size)) != NULL;)
            mem_free(memory);
    }
}
