/* arena: memory that is given back all at once.
 *
 * Embedded by its owner; a zeroed struct is an empty arena. Allocation is O(1) amortised and comes zeroed; pieces stay
 * where they are until arena_free. For sizes that somebody bounds: no memory ends the process (base/memory). One thread. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t total;               /* bytes handed out, padding included */
};

void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *string) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *data, size_t size) __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vprintf(struct arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0), returns_nonnull));

void arena_free(struct arena *arena); /* empty again */
