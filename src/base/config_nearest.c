#include "base/config_report.h"

#include <string.h>

#define NAME_MAX_COMPARED 40 /* longer names have no near one */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance: insertions, removals and changes of a letter; a row of the matrix at a time. */
static size_t distance(const char *from, const char *to)
{
    size_t row[NAME_MAX_COMPARED + 1];
    size_t width = strlen(to);
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < width; k++) {
            size_t changed = diagonal + (from[i] != to[k]);
            diagonal = row[k + 1];
            row[k + 1] = smallest(changed, row[k] + 1, row[k + 1] + 1);
        }
    }
    return row[width];
}

const char *config_nearest(const char *name, const char *const *names, size_t count)
{
    size_t length = strlen(name);
    if (length > NAME_MAX_COMPARED)
        return NULL;

    const char *nearest = NULL;
    size_t least = (length + 2) / 3 + 1; /* a slip in three letters, rounded up */
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > NAME_MAX_COMPARED)
            continue;
        size_t far = distance(name, names[i]);
        if (far >= least)
            continue;
        least = far;
        nearest = names[i];
    }
    return nearest;
}
