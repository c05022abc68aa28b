#include "base/arena.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE (16 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t capacity;
    max_align_t data[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct arena_block *block = mem_zalloc(sizeof(*block) + capacity);
    block->capacity = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size_t padded = (size + align - 1) / align * align;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->capacity - block->used < padded)
        block = add_block(arena, padded);

    void *memory = (char *)block->data + block->used;
    block->used += padded;
    arena->total += padded;
    return memory;
}

char *arena_strndup(struct arena *arena, const char *data, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);
    memcpy(copy, data, size);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
    return arena_strndup(arena, string, strlen(string));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    char first[1]; /* gcc 12 takes a NULL here for a mistake when a sanitizer is on */
    int size = vsnprintf(first, sizeof(first), format, again);
    va_end(again);

    char *text = arena_alloc(arena, size < 0 ? 1 : (size_t)size + 1);
    if (size > 0)
        vsnprintf(text, (size_t)size + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        mem_free(block);
    }
    *arena = (struct arena){ 0 };
}
