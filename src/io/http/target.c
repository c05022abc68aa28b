#include "io/http/target.h"

static bool split_at_query(struct target *target, struct text text);
static bool parse_absolute(struct target *target, struct text text);

bool target_parse(struct target *target, enum http_method method, struct text text)
{
    *target = (struct target){ 0 };
    if (text.size == 0)
        return false;
    if (text.data[0] == '/')
        return split_at_query(target, text);
    if (text_is(text, "*")) {
        target->path = text;
        return method == METHOD_OPTIONS;
    }
    return parse_absolute(target, text);
}

static bool split_at_query(struct target *target, struct text text)
{
    size_t question = text.size;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c >= 0x7F || c == '#')
            return false;
        if (c == '?' && question == text.size)
            question = i;
    }
    target->path = (struct text){ text.data, question };
    if (question < text.size)
        target->query = (struct text){ text.data + question + 1, text.size - question - 1 };
    return true;
}

static struct text after_scheme(struct text text)
{
    static const struct text schemes[] = { { "http://", 7 }, { "https://", 8 } };
    for (size_t i = 0; i < 2; i++) {
        size_t size = schemes[i].size;
        if (text.size > size && strncasecmp(text.data, schemes[i].data, size) == 0)
            return (struct text){ text.data + size, text.size - size };
    }
    return TEXT_NONE;
}

static bool parse_absolute(struct target *target, struct text text)
{
    struct text rest = after_scheme(text);
    size_t end = 0;
    while (end < rest.size && rest.data[end] != '/' && rest.data[end] != '?')
        end++;
    target->authority = (struct text){ rest.data, end };
    if (end == 0 || !target_host_valid(target->authority))
        return false;

    if (!split_at_query(target, (struct text){ rest.data + end, rest.size - end }))
        return false;
    if (target->path.size == 0)
        target->path = TEXT("/");
    return true;
}

/* A comma would be legal in a name, but it is how two Host lines look once a proxy has joined them. */
__extension__ static const bool is_of_host[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true, ['.'] = true, ['_'] = true,  ['~'] = true,
    ['%'] = true,         ['!'] = true,         ['$'] = true,         ['&'] = true, ['('] = true, ['\''] = true, [')'] = true,
    ['*'] = true,         ['+'] = true,         [';'] = true,         ['='] = true, [':'] = true, ['['] = true,  [']'] = true,
};

bool target_host_valid(struct text host)
{
    for (size_t i = 0; i < host.size; i++)
        if (!is_of_host[(unsigned char)host.data[i]])
            return false;
    return true;
}
