#include "core/shape_generator.h"

#include "base/clock.h"
#include "base/trace.h"
#include "core/json_object.h"

/* Writes in place: this runs for every event. The string's final NUL falls where the closing quote belongs. */
static void write_uuid(struct random *random, struct buffer *out)
{
    char *at = buffer_reserve(out, RANDOM_UUID_SIZE + 1);
    at[0] = '"';
    random_uuid(random, at + 1);
    at[RANDOM_UUID_SIZE] = '"';
    buffer_grow(out, RANDOM_UUID_SIZE + 1);
}

static void write_now(int64_t wall_us, struct buffer *out)
{
    char *at = buffer_reserve(out, CLOCK_RFC3339_SIZE + 1);
    at[0] = '"';
    clock_rfc3339(wall_us, at + 1);
    at[CLOCK_RFC3339_SIZE] = '"';
    buffer_grow(out, CLOCK_RFC3339_SIZE + 1);
}

void shape_generator_write(const struct shape_generator *generator, const struct shape_context *context, struct buffer *out)
{
    switch (generator->kind) {
    case SHAPE_GENERATE_NOTHING:
        break;
    case SHAPE_GENERATE_UUID:
        write_uuid(context->random, out);
        break;
    case SHAPE_GENERATE_RANDOM:
        buffer_int(out, random_between(context->random, generator->low, generator->high));
        break;
    case SHAPE_GENERATE_NOW:
        write_now(context->wall_us, out);
        break;
    case SHAPE_GENERATE_TRACE:
        buffer_json_string(out, context->trace_id);
        break;
    }
}

enum shape_type shape_generator_type(const struct shape_generator *generator)
{
    if (generator->kind == SHAPE_GENERATE_NOTHING)
        return SHAPE_ANY;
    return generator->kind == SHAPE_GENERATE_RANDOM ? SHAPE_INT : SHAPE_STRING;
}

void shape_generator_extent(const struct shape_generator *generator, int64_t *low, int64_t *high)
{
    static const int64_t lengths[] = {
        [SHAPE_GENERATE_UUID] = RANDOM_UUID_SIZE - 1,
        [SHAPE_GENERATE_NOW] = CLOCK_RFC3339_SIZE - 1,
        [SHAPE_GENERATE_TRACE] = TRACE_ID_SIZE - 1,
    };
    *low = generator->kind == SHAPE_GENERATE_RANDOM ? generator->low : lengths[generator->kind];
    *high = generator->kind == SHAPE_GENERATE_RANDOM ? generator->high : lengths[generator->kind];
}

static struct text trim(struct text text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = (struct text){ text.data + 1, text.size - 1 };
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* Reads "200", or "+100" as so much more than `from`. */
static bool parse_upper(struct text text, int64_t from, int64_t *upper)
{
    if (text.size == 0 || text.data[0] != '+')
        return json_integer(text, upper);
    int64_t more;
    text = trim((struct text){ text.data + 1, text.size - 1 });
    return json_integer(text, &more) && !__builtin_add_overflow(from, more, upper);
}

/* `inside` is what stands between the parentheses. */
static int parse_random(struct shape_generator *generator, struct text inside, struct error *err)
{
    const char *comma = memchr(inside.data, ',', inside.size);
    size_t split = comma == NULL ? inside.size : (size_t)(comma - inside.data);
    struct text low = trim((struct text){ inside.data, split });
    struct text high = trim(comma == NULL ? TEXT("") : (struct text){ comma + 1, inside.size - split - 1 });
    generator->kind = SHAPE_GENERATE_RANDOM;
    if (!json_integer(low, &generator->low) || !parse_upper(high, generator->low, &generator->high))
        return error_set(err, E_INVALID, "found random(%.*s); allowed: random(a,b) or random(a,+range) with whole numbers of 64 bits",
                         TEXT_ARG(inside));
    if (generator->low > generator->high)
        return error_set(err, E_INVALID, "found random(%.*s), where the first is above the second; allowed: at most the second",
                         TEXT_ARG(inside));
    return 0;
}

int shape_generator_parse(struct shape_generator *generator, const char *text, struct error *err)
{
    static const struct {
        const char *name;
        enum shape_generator_kind kind;
    } plain[] = { { "uuid", SHAPE_GENERATE_UUID }, { "now", SHAPE_GENERATE_NOW }, { "trace", SHAPE_GENERATE_TRACE } };

    *generator = (struct shape_generator){ .kind = SHAPE_GENERATE_NOTHING };
    if (text == NULL)
        return 0;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (strcmp(text, plain[i].name) == 0) {
            generator->kind = plain[i].kind;
            return 0;
        }
    }
    size_t size = strlen(text);
    if (strncmp(text, "random(", 7) == 0 && text[size - 1] == ')')
        return parse_random(generator, (struct text){ text + 7, size - 8 }, err);
    return error_set(err, E_INVALID, "found \"%s\"; allowed: uuid, random(a,b), now, trace", text);
}
