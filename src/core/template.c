#include "core/template.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 32 /* nobody writes a deeper reply; it bounds the recursion */

/* One literal piece, and the slot whose value follows it. */
struct piece {
    size_t end; /* where the piece ends in `literals`; it begins where the one before ends */
    unsigned slot;
};

struct template
{
    struct buffer literals;
    struct piece *pieces;
    size_t piece_count; /* what stands in `literals` behind the last piece ends the reply */
    uint64_t used;      /* a bit for each slot */
};

/* Rendering */

/* The shortest of the three precisions that reads back the same: 17 digits always do (IEEE 754 double). */
static void render_double(double number, struct buffer *out)
{
    if (!isfinite(number)) {
        buffer_string(out, "null");
        return;
    }
    char digits[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    buffer_string(out, digits);
}

static void render_value(const struct template_value *value, struct buffer *out)
{
    switch (value->type) {
    case TEMPLATE_NULL:
        break;
    case TEMPLATE_TEXT:
        if (value->text.data == NULL)
            break;
        buffer_json_string(out, value->text);
        return;
    case TEMPLATE_INT:
        buffer_int(out, value->integer);
        return;
    case TEMPLATE_DOUBLE:
        render_double(value->number, out);
        return;
    case TEMPLATE_BOOL:
        buffer_string(out, value->boolean ? "true" : "false");
        return;
    case TEMPLATE_JSON:
        buffer_text(out, value->text);
        return;
    }
    buffer_string(out, "null");
}

void template_render(const struct template *template, const struct template_value *values, struct buffer *out)
{
    const struct buffer *literals = &template->literals;
    size_t at = 0;
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct piece *piece = &template->pieces[i];
        buffer_append(out, literals->data + at, piece->end - at);
        render_value(&values[piece->slot], out);
        at = piece->end;
    }
    buffer_append(out, literals->data + at, literals->size - at);
}

bool template_uses(const struct template *template, size_t slot)
{
    return slot < TEMPLATE_NAMES_MAX && (template->used >> slot & 1) != 0;
}

/* Compiling */

struct compiler {
    struct template *template;
    const char *const *names;
    struct error *err;
};

static int compile_value(struct compiler *compiler, yyjson_val *value, unsigned depth);

static int refuse_name(struct compiler *compiler, struct text name)
{
    struct buffer known = { 0 };
    for (size_t i = 0; compiler->names[i] != NULL; i++)
        buffer_printf(&known, "%s$%s", i == 0 ? "" : ", ", compiler->names[i]);
    int rc = error_set(compiler->err, E_INVALID, "found $%.*s; allowed: %.*s (a text that begins with a dollar: $$)", TEXT_ARG(name),
                       TEXT_ARG(known.size == 0 ? TEXT("no names here") : buffer_as_text(&known)));
    buffer_free(&known);
    return rc;
}

static int compile_slot(struct compiler *compiler, struct text name)
{
    struct template *template = compiler->template;
    unsigned slot = 0;
    while (compiler->names[slot] != NULL && !text_is(name, compiler->names[slot]))
        slot++;
    if (compiler->names[slot] == NULL)
        return refuse_name(compiler, name);
    assert(slot < TEMPLATE_NAMES_MAX);

    template->pieces = mem_realloc(template->pieces, (template->piece_count + 1) * sizeof(*template->pieces));
    template->pieces[template->piece_count++] = (struct piece){ template->literals.size, slot };
    template->used |= UINT64_C(1) << slot;
    return 0;
}

static int compile_string(struct compiler *compiler, yyjson_val *value)
{
    struct text text = { yyjson_get_str(value), yyjson_get_len(value) };
    if (text.size >= 1 && text.data[0] == '$') {
        text.data++;
        text.size--;
        if (text.size == 0 || text.data[0] != '$')
            return compile_slot(compiler, text);
    }
    buffer_json_string(&compiler->template->literals, text);
    return 0;
}

static int compile_scalar(struct compiler *compiler, yyjson_val *value)
{
    size_t size;
    char *written = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, &size);
    if (written == NULL)
        return error_set(compiler->err, E_INVALID, "found a number that JSON cannot write; allowed: finite numbers");
    buffer_append(&compiler->template->literals, written, size);
    free(written);
    return 0;
}

static int compile_array(struct compiler *compiler, yyjson_val *array, unsigned depth)
{
    struct buffer *literals = &compiler->template->literals;
    yyjson_val *item;
    size_t i, count;
    buffer_char(literals, '[');
    yyjson_arr_foreach(array, i, count, item) {
        if (i > 0)
            buffer_char(literals, ',');
        int rc = compile_value(compiler, item, depth + 1);
        if (rc != 0)
            return rc;
    }
    buffer_char(literals, ']');
    return 0;
}

static int compile_object(struct compiler *compiler, yyjson_val *object, unsigned depth)
{
    struct buffer *literals = &compiler->template->literals;
    yyjson_val *key, *value;
    size_t i, count;
    buffer_char(literals, '{');
    yyjson_obj_foreach(object, i, count, key, value) {
        if (i > 0)
            buffer_char(literals, ',');
        buffer_json_string(literals, (struct text){ yyjson_get_str(key), yyjson_get_len(key) });
        buffer_char(literals, ':');
        int rc = compile_value(compiler, value, depth + 1);
        if (rc != 0)
            return error_wrap(compiler->err, "%s", yyjson_get_str(key));
    }
    buffer_char(literals, '}');
    return 0;
}

static int compile_value(struct compiler *compiler, yyjson_val *value, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return error_set(compiler->err, E_INVALID, "deeper than %d levels", DEPTH_MAX);
    if (yyjson_is_str(value))
        return compile_string(compiler, value);
    if (yyjson_is_arr(value))
        return compile_array(compiler, value, depth);
    if (yyjson_is_obj(value))
        return compile_object(compiler, value, depth);
    return compile_scalar(compiler, value);
}

struct template *template_new(const yyjson_val *json, const char *const *names, struct error *err)
{
    struct template *template = mem_zalloc(sizeof(*template));
    buffer_reserve(&template->literals, 1); /* never NULL, also when the reply is one slot */
    struct compiler compiler = { template, names, err };
    if (compile_value(&compiler, (yyjson_val *)json, 1) == 0) /* yyjson reads through plain pointers */
        return template;
    template_free(template);
    return NULL;
}

void template_free(struct template *template)
{
    if (template == NULL)
        return;
    buffer_free(&template->literals);
    mem_free(template->pieces);
    mem_free(template);
}
