#include "base/stats.h"
#include "base/stats_table.h"

#include <string.h>

enum { COLUMNS = 100, INDENT = 2, GAP = 2 };

static void draw_value(struct buffer *out, const char *name, yyjson_mut_val *value, size_t indent);
static void draw_table(struct buffer *out, yyjson_mut_val *rows, size_t indent);

static bool is_nested(yyjson_mut_val *value)
{
    return (yyjson_mut_is_obj(value) && yyjson_mut_obj_size(value) > 0) || table_fits(value);
}

/* The list of scalars goes on below its own beginning when a line is full. */
static void draw_list(struct buffer *out, yyjson_mut_val *list, size_t indent)
{
    size_t i, count, used = indent;
    yyjson_mut_val *item;
    struct buffer text = { 0 };
    yyjson_mut_arr_foreach(list, i, count, item) {
        buffer_clear(&text);
        stats_scalar(&text, item);
        size_t width = table_width(buffer_as_text(&text)) + (i + 1 < count ? 2 : 0);
        if (i > 0 && used + width > COLUMNS) {
            out->size--; /* the space after the comma */
            buffer_char(out, '\n');
            buffer_repeat(out, ' ', indent);
            used = indent;
        }
        buffer_text(out, buffer_as_text(&text));
        buffer_string(out, i + 1 < count ? ", " : "");
        used += width;
    }
    buffer_free(&text);
}

static void draw_scalar(struct buffer *out, const char *name, yyjson_mut_val *value, size_t indent, size_t name_width)
{
    buffer_repeat(out, ' ', indent);
    buffer_printable(out, text_of(name));
    buffer_repeat(out, ' ', name_width - table_width(text_of(name)) + GAP);
    if (yyjson_mut_is_arr(value) && yyjson_mut_arr_size(value) > 0)
        draw_list(out, value, indent + name_width + GAP);
    else
        stats_scalar(out, value);
    buffer_char(out, '\n');
}

static size_t widest_name(yyjson_mut_val *object)
{
    size_t i, count, widest = 0;
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(object, i, count, key, value) {
        size_t width = table_width(text_of(yyjson_mut_get_str(key)));
        if (!is_nested(value) && width > widest)
            widest = width;
    }
    return widest;
}

static void draw_object(struct buffer *out, yyjson_mut_val *object, size_t indent)
{
    size_t i, count, name_width = widest_name(object);
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_foreach(object, i, count, key, value)
        if (!is_nested(value))
            draw_scalar(out, yyjson_mut_get_str(key), value, indent, name_width);
    yyjson_mut_obj_foreach(object, i, count, key, value)
        if (is_nested(value))
            draw_value(out, yyjson_mut_get_str(key), value, indent);
}

/* "topics of durable", and its table. */
static void draw_inner(struct buffer *out, const char *name, yyjson_mut_val *row, yyjson_mut_val *inner, size_t indent)
{
    yyjson_mut_obj_iter of_row = yyjson_mut_obj_iter_with(row);
    buffer_repeat(out, ' ', indent);
    buffer_printable(out, text_of(name));
    buffer_string(out, " of ");
    stats_scalar(out, yyjson_mut_obj_iter_get_val(yyjson_mut_obj_iter_next(&of_row)));
    buffer_char(out, '\n');
    draw_table(out, inner, indent + INDENT);
}

/* A table, and below it those that its rows have in themselves. */
static void draw_table(struct buffer *out, yyjson_mut_val *rows, size_t indent)
{
    size_t i, k, row_count, key_count;
    yyjson_mut_val *row, *key, *value;
    table_draw(out, rows, indent, COLUMNS);
    yyjson_mut_arr_foreach(rows, i, row_count, row)
        yyjson_mut_obj_foreach(row, k, key_count, key, value)
            if (table_fits(value))
                draw_inner(out, yyjson_mut_get_str(key), row, value, indent);
}

static void draw_value(struct buffer *out, const char *name, yyjson_mut_val *value, size_t indent)
{
    if (!is_nested(value)) {
        draw_scalar(out, name, value, indent, table_width(text_of(name)));
        return;
    }
    buffer_repeat(out, ' ', indent);
    buffer_printable(out, text_of(name));
    buffer_char(out, '\n');
    if (yyjson_mut_is_obj(value))
        draw_object(out, value, indent + INDENT);
    else
        draw_table(out, value, indent + INDENT);
}

static bool is_empty(yyjson_mut_val *value)
{
    return yyjson_mut_is_arr(value) ? yyjson_mut_arr_size(value) == 0 : yyjson_mut_is_obj(value) && yyjson_mut_obj_size(value) == 0;
}

void stats_text(const char *title, yyjson_mut_val *value, struct buffer *out)
{
    if (is_empty(value))
        buffer_printf(out, "%s\n  none\n", title);
    else
        draw_value(out, title, value, 0);
}
