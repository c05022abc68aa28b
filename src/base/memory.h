/* memory: the one place that decides what happens when there is none.
 *
 * mem_*      for sizes that the program decides: a failure ends the process with a line on stderr.
 * mem_try_*  for sizes that input decides: a failure returns NULL, and is an error like any other.
 * All of it is given back with mem_free. Any thread. */
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *memory, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *text, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_try_alloc(size_t size) __attribute__((malloc));
void *mem_try_realloc(void *memory, size_t size);
void mem_free(void *memory);

/* Gives pages that hold nothing any more back to the system: milliseconds for each 10 MiB of them. */
void mem_trim(void);

/* 1 under an address sanitizer, else 0. It finds a use of what was given back only in memory that was really freed: whoever keeps pieces
 * for the next ones keeps none then. */
#if defined(__SANITIZE_ADDRESS__)
#define MEM_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_IS_WATCHED 1
#endif
#endif
#ifndef MEM_IS_WATCHED
#define MEM_IS_WATCHED 0
#endif

/* Test seam: after `count` more allocations every one fails, until called with -1.
 * mem_* still ends the process, so sweeps use it on code that takes the mem_try_* forms. */
void mem_fail_after(long count);
