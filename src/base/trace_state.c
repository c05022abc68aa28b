#include "base/trace_state.h"

#define KEY_MAX   256
#define VALUE_MAX 256

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* As Level 2 has it, which takes all that Level 1 does: "@" is a character like others. */
static bool is_key(struct text key)
{
    if (key.size == 0 || key.size > KEY_MAX || !is_letter_or_digit(key.data[0]))
        return false;
    for (size_t i = 1; i < key.size; i++)
        if (!is_letter_or_digit(key.data[i]) && (key.data[i] == '\0' || strchr("_-*/@", key.data[i]) == NULL))
            return false;
    return true;
}

/* Blanks at its end have been taken away. */
static bool is_value(struct text value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '=')
            return false;
    return value.size > 0 && value.size <= VALUE_MAX;
}

static bool is_member(struct text member)
{
    const char *equals = memchr(member.data, '=', member.size);
    if (equals == NULL)
        return false;
    size_t size = (size_t)(equals - member.data);
    return is_key((struct text){ member.data, size }) && is_value((struct text){ equals + 1, member.size - size - 1 });
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the text up to the next comma off `*rest`, without the blanks around. */
static struct text next(struct text *rest)
{
    const char *comma = memchr(rest->data, ',', rest->size);
    struct text member = { rest->data, comma == NULL ? rest->size : (size_t)(comma - rest->data) };
    size_t taken = member.size + (comma != NULL);
    *rest = (struct text){ rest->data + taken, rest->size - taken };
    while (member.size > 0 && is_blank(member.data[0]))
        member = (struct text){ member.data + 1, member.size - 1 };
    while (member.size > 0 && is_blank(member.data[member.size - 1]))
        member.size--;
    return member;
}

static void append(struct trace_state *state, struct text member)
{
    size_t comma = state->size > 0;
    state->full = state->full || state->size + comma + member.size > TRACE_STATE_MAX;
    if (state->full)
        return;
    if (comma)
        state->text[state->size++] = ',';
    memcpy(state->text + state->size, member.data, member.size);
    state->size += member.size;
}

bool trace_state_add(struct trace_state *state, struct text line)
{
    while (line.size > 0) {
        struct text member = next(&line);
        if (member.size == 0)
            continue;
        if (!is_member(member) || ++state->member_count > TRACE_STATE_MEMBERS)
            return false;
        append(state, member);
    }
    return true;
}
