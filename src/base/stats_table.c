#include "base/stats_table.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, NARROWEST = 16 };

struct column {
    const char *name; /* borrowed from the first row that has it */
    size_t width;
    bool is_text;
};

struct table {
    struct column *columns;
    size_t column_count;
    struct buffer *cells; /* row by row */
    size_t row_count;
};

bool table_fits(yyjson_mut_val *value)
{
    size_t i, count, cells = 0;
    yyjson_mut_val *row;
    if (!yyjson_mut_is_arr(value))
        return false;
    yyjson_mut_arr_foreach(value, i, count, row) {
        if (!yyjson_mut_is_obj(row))
            return false;
        cells += yyjson_mut_obj_size(row);
    }
    return cells > 0;
}

static size_t characters(struct text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

size_t table_width(struct text text)
{
    struct buffer printable = { 0 };
    buffer_printable(&printable, text);
    size_t width = characters(buffer_as_text(&printable));
    buffer_free(&printable);
    return width;
}

static void append_real(struct buffer *out, double value)
{
    char digits[32];
    double size = value < 0 ? -value : value;
    if (size < 1 || size >= 1e15)
        snprintf(digits, sizeof(digits), "%.3g", value);
    else
        snprintf(digits, sizeof(digits), "%.3f", value);
    size_t length = strlen(digits);
    while (size >= 1 && size < 1e15 && digits[length - 1] == '0')
        length--;
    buffer_append(out, digits, digits[length - 1] == '.' ? length - 1 : length);
}

static void append_json(struct buffer *out, yyjson_mut_val *value)
{
    size_t size;
    char *json = yyjson_mut_val_write(value, 0, &size);
    buffer_printable(out, (struct text){ json, json == NULL ? 0 : size });
    free(json); /* yyjson's own allocation */
}

void stats_scalar(struct buffer *out, yyjson_mut_val *value)
{
    if (value == NULL || yyjson_mut_is_null(value))
        buffer_char(out, '-');
    else if (yyjson_mut_is_str(value))
        buffer_printable(out, (struct text){ yyjson_mut_get_str(value), yyjson_mut_get_len(value) });
    else if (yyjson_mut_is_real(value))
        append_real(out, yyjson_mut_get_real(value));
    else
        append_json(out, value);
}

static void add_column(struct table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return;
    table->columns = mem_realloc(table->columns, (table->column_count + 1) * sizeof(struct column));
    table->columns[table->column_count++] = (struct column){ .name = name, .width = table_width(text_of(name)) };
}

bool table_column_is_nested(yyjson_mut_val *rows, const char *name)
{
    size_t i, count;
    yyjson_mut_val *row;
    yyjson_mut_arr_foreach(rows, i, count, row)
        if (table_fits(yyjson_mut_obj_get(row, name)))
            return true;
    return false;
}

/* Every key of any row is a column, in the order of first appearance; but for tables within the table. */
static void find_columns(struct table *table, yyjson_mut_val *rows)
{
    size_t i, k, row_count, key_count;
    yyjson_mut_val *row, *key, *value;
    yyjson_mut_arr_foreach(rows, i, row_count, row)
        yyjson_mut_obj_foreach(row, k, key_count, key, value)
            if (!table_column_is_nested(rows, yyjson_mut_get_str(key)))
                add_column(table, yyjson_mut_get_str(key));
}

static void fill_cell(struct column *column, struct buffer *cell, yyjson_mut_val *value)
{
    stats_scalar(cell, value);
    size_t width = characters(buffer_as_text(cell));
    if (width > column->width)
        column->width = width;
    if (value != NULL && !yyjson_mut_is_num(value) && !yyjson_mut_is_null(value))
        column->is_text = true;
}

static void fill_cells(struct table *table, yyjson_mut_val *rows)
{
    size_t i, count;
    yyjson_mut_val *row;
    table->row_count = yyjson_mut_arr_size(rows);
    table->cells = mem_zalloc((table->row_count * table->column_count + 1) * sizeof(struct buffer));
    yyjson_mut_arr_foreach(rows, i, count, row)
        for (size_t k = 0; k < table->column_count; k++)
            fill_cell(&table->columns[k], &table->cells[i * table->column_count + k], yyjson_mut_obj_get(row, table->columns[k].name));
}

static size_t total_width(const struct table *table, size_t widest_text)
{
    size_t width = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        bool cut = column->is_text && column->width > widest_text;
        width += (cut ? widest_text : column->width) + (i > 0 ? GAP : 0);
    }
    return width;
}

/* Says nothing: none of it, and nothing of it. */
static bool is_dull(struct text cell)
{
    static const char *const dull[] = { "0", "-", "[]", "{}", "false" };
    for (size_t i = 0; i < sizeof(dull) / sizeof(dull[0]); i++)
        if (text_is(cell, dull[i]))
            return true;
    return false;
}

static bool column_is_dull(const struct table *table, size_t column)
{
    for (size_t i = 0; i < table->row_count; i++)
        if (!is_dull(buffer_as_text(&table->cells[i * table->column_count + column])))
            return false;
    return true;
}

/* A column to the left, row by row; what was there is freed. */
static void remove_column(struct table *table, size_t column)
{
    struct buffer *to = table->cells;
    for (size_t i = 0; i < table->row_count * table->column_count; i++) {
        if (i % table->column_count == column)
            buffer_free(&table->cells[i]);
        else
            *to++ = table->cells[i];
    }
    table->column_count--;
    memmove(&table->columns[column], &table->columns[column + 1], (table->column_count - column) * sizeof(struct column));
}

/* Of a table that is too wide the columns go that have nothing to tell in any row; `dull` gets their names. */
static void leave_out_dull(struct table *table, size_t allowed, struct buffer *dull)
{
    for (size_t i = 0; i < table->column_count && total_width(table, NARROWEST) > allowed;) {
        if (!column_is_dull(table, i)) {
            i++;
            continue;
        }
        buffer_printf(dull, "%s%s", dull->size == 0 ? "" : ", ", table->columns[i].name);
        remove_column(table, i);
    }
}

/* Takes from the widest texts until it fits. What cannot fit stays whole: a terminal wraps, and less -S does not. */
static void shrink(struct table *table, size_t allowed)
{
    if (total_width(table, NARROWEST) > allowed)
        return;
    size_t widest = allowed;
    while (total_width(table, widest) > allowed)
        widest--;
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].is_text && table->columns[i].width > widest)
            table->columns[i].width = widest;
}

/* The bytes of the first `count` characters. */
static size_t bytes_of(struct text text, size_t count)
{
    size_t at = 0;
    while (at < text.size && (count > 0 || ((unsigned char)text.data[at] & 0xC0) == 0x80)) {
        count -= ((unsigned char)text.data[at] & 0xC0) != 0x80;
        at++;
    }
    return at;
}

static void draw_cell(struct buffer *out, const struct column *column, struct text text, bool last)
{
    size_t width = characters(text);
    if (width > column->width) {
        buffer_append(out, text.data, bytes_of(text, column->width - 3));
        buffer_string(out, "...");
        width = column->width;
    } else if (column->is_text) {
        buffer_text(out, text);
    } else {
        buffer_repeat(out, ' ', column->width - width);
        buffer_text(out, text);
        width = column->width;
    }
    if (!last)
        buffer_repeat(out, ' ', column->width - width + GAP);
}

static void draw_names(struct buffer *out, const struct table *table)
{
    struct buffer name = { 0 };
    for (size_t i = 0; i < table->column_count; i++) {
        buffer_clear(&name);
        buffer_printable(&name, text_of(table->columns[i].name));
        draw_cell(out, &table->columns[i], buffer_as_text(&name), i + 1 == table->column_count);
    }
    buffer_free(&name);
    buffer_char(out, '\n');
}

static void draw_row(struct buffer *out, const struct table *table, const struct buffer *cells)
{
    for (size_t i = 0; i < table->column_count; i++)
        draw_cell(out, &table->columns[i], buffer_as_text(&cells[i]), i + 1 == table->column_count);
    buffer_char(out, '\n');
}

static void free_table(struct table *table)
{
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        buffer_free(&table->cells[i]);
    mem_free(table->cells);
    mem_free(table->columns);
}

void table_draw(struct buffer *out, yyjson_mut_val *rows, size_t indent, size_t columns)
{
    struct table table = { 0 };
    struct buffer dull = { 0 };
    find_columns(&table, rows);
    fill_cells(&table, rows);
    leave_out_dull(&table, columns - indent, &dull);
    shrink(&table, columns - indent);

    buffer_repeat(out, ' ', indent);
    draw_names(out, &table);
    for (size_t i = 0; i < table.row_count; i++) {
        buffer_repeat(out, ' ', indent);
        draw_row(out, &table, &table.cells[i * table.column_count]);
    }
    if (dull.size > 0) {
        buffer_repeat(out, ' ', indent);
        buffer_string(out, "0 or none everywhere: ");
        buffer_printable(out, buffer_as_text(&dull));
        buffer_char(out, '\n');
    }
    buffer_free(&dull);
    free_table(&table);
}
