#include "base/baggage.h"

#include "base/error.h"
#include "base/percent.h"

#include <ctype.h>

static struct text trimmed(struct text text)
{
    while (text.size > 0 && isspace((unsigned char)text.data[0]))
        text = (struct text){ text.data + 1, text.size - 1 };
    while (text.size > 0 && isspace((unsigned char)text.data[text.size - 1]))
        text.size--;
    return text;
}

/* What stands before the mark, or all of it; `*rest` is what follows the mark. */
static struct text cut(struct text *rest, char mark)
{
    const char *at = rest->size == 0 ? NULL : memchr(rest->data, mark, rest->size);
    size_t size = at == NULL ? rest->size : (size_t)(at - rest->data);
    size_t taken = size + (at != NULL);
    struct text head = { rest->data, size };
    *rest = (struct text){ rest->data + taken, rest->size - taken };
    return head;
}

static int read_pair(struct text pair, struct text *name, struct buffer *value)
{
    bool has_value = memchr(pair.data, '=', pair.size) != NULL;
    *name = trimmed(cut(&pair, '='));
    if (!has_value || name->size == 0 || !percent_decode(trimmed(pair), value))
        return E_INVALID;
    return 1;
}

int baggage_next(struct text *rest, struct text *name, struct buffer *value)
{
    while (rest->size > 0) {
        struct text pair = trimmed(cut(rest, ','));
        if (pair.size > 0)
            return read_pair(pair, name, value);
    }
    return 0;
}
