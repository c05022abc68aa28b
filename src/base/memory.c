#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long allocations_left = -1;

static bool fails_now(void)
{
    long left = atomic_load_explicit(&allocations_left, memory_order_relaxed);
    if (left < 0)
        return false;
    if (left == 0)
        return true;
    atomic_store_explicit(&allocations_left, left - 1, memory_order_relaxed);
    return false;
}

void mem_fail_after(long count)
{
    atomic_store(&allocations_left, count);
}

static void *must(void *memory, size_t size)
{
    if (memory != NULL)
        return memory;
    fprintf(stderr, "out of memory: %zu bytes were asked for\n", size);
    abort();
}

void *mem_try_alloc(size_t size)
{
    return fails_now() ? NULL : malloc(size);
}

void *mem_try_realloc(void *memory, size_t size)
{
    return fails_now() ? NULL : realloc(memory, size);
}

void *mem_alloc(size_t size)
{
    return must(malloc(size), size);
}

void *mem_zalloc(size_t size)
{
    return must(calloc(1, size), size);
}

void *mem_realloc(void *memory, size_t size)
{
    return must(realloc(memory, size), size);
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t size)
{
    char *copy = mem_alloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_trim(void)
{
    malloc_trim(0);
}
