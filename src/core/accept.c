#include "core/accept.h"

#include <stdlib.h>

static struct text trim(struct text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Takes what stands before the next `mark` off `rest`. */
static struct text next(struct text *rest, char mark)
{
    const char *end = memchr(rest->data, mark, rest->size);
    struct text found = { rest->data, end == NULL ? rest->size : (size_t)(end - rest->data) };
    size_t used = end == NULL ? rest->size : found.size + 1;
    *rest = (struct text){ rest->data + used, rest->size - used };
    return trim(found);
}

/* A qvalue has five characters at most: "0.875". */
static double read_weight(struct text value)
{
    char digits[6] = "";
    if (value.size >= sizeof(digits))
        return 0;
    memcpy(digits, value.data, value.size);
    double weight = strtod(digits, NULL);
    return weight >= 0 && weight <= 1 ? weight : 0;
}

static double weight_of(struct text parameters, const char *version)
{
    double weight = 1;
    while (parameters.size > 0) {
        struct text value = next(&parameters, ';');
        struct text name = value.size == 0 ? value : next(&value, '=');
        value = trim(value);
        if (text_is_nocase(name, "version") && !text_is(value, version))
            return 0;
        if (text_is_nocase(name, "q"))
            weight = read_weight(value);
    }
    return weight;
}

double accept_weight(struct text header, const char *type, const char *version)
{
    double best = 0;
    while (header.size > 0) {
        struct text entry = next(&header, ',');
        if (entry.size == 0 || !text_is_nocase(next(&entry, ';'), type))
            continue;
        double weight = weight_of(entry, version);
        best = weight > best ? weight : best;
    }
    return best;
}
