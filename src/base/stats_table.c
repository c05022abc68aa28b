#include "base/stats_table.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, NARROWEST = 16, SENTENCE_NARROWEST = 48, BELOW_INDENT = 4 };

struct column {
    const char *name; /* borrowed from the first row that has it */
    size_t width;
    bool is_text;
    bool is_sentence; /* the last column, of texts with blanks: never cut, but told on lines of its own */
    bool below;       /* a sentence that begins below its row, not in it */
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
    else if (yyjson_mut_is_ctn(value) && yyjson_mut_arr_size(value) + yyjson_mut_obj_size(value) == 0)
        buffer_string(out, "none");
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

static struct column *sentence_of(struct table *table)
{
    struct column *last = &table->columns[table->column_count - 1];
    return table->column_count > 1 && last->is_sentence ? last : NULL;
}

static void mark_sentence(struct table *table)
{
    size_t last = table->column_count - 1;
    for (size_t i = 0; i < table->row_count && table->columns[last].is_text; i++) {
        struct text cell = buffer_as_text(&table->cells[i * table->column_count + last]);
        table->columns[last].is_sentence |= memchr(cell.data, ' ', cell.size) != NULL;
    }
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

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t total_width(const struct table *table, size_t widest_text)
{
    size_t width = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (column->below)
            continue;
        size_t most = column->is_sentence ? SENTENCE_NARROWEST : column->is_text ? widest_text : column->width;
        width += least(column->width, most) + (i > 0 ? GAP : 0);
    }
    return width;
}

/* Says nothing: none of it, and nothing of it. */
static bool is_dull(struct text cell)
{
    static const char *const dull[] = { "0", "-", "none", "false" };
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

/* The sentence has what the others leave; if that is too little to be read, it goes below its row. */
static void place_sentence(struct table *table, size_t allowed)
{
    struct column *sentence = sentence_of(table);
    if (sentence == NULL)
        return;
    sentence->below = total_width(table, NARROWEST) > allowed;
    if (sentence->below)
        sentence->width = allowed - BELOW_INDENT;
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
        if (table->columns[i].is_text && !table->columns[i].is_sentence)
            table->columns[i].width = least(table->columns[i].width, widest);
    struct column *sentence = sentence_of(table);
    if (sentence != NULL && !sentence->below)
        sentence->width = least(sentence->width, allowed - total_width(table, widest) + least(sentence->width, SENTENCE_NARROWEST));
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

/* The bytes of a first line of so many characters: up to a blank. A longer word is broken. */
static size_t line_size(struct text text, size_t width)
{
    size_t most = bytes_of(text, width), size = most;
    if (most == text.size)
        return most;
    while (size > 0 && text.data[size] != ' ')
        size--;
    return size > 0 ? size : most;
}

static void new_line(struct buffer *out, size_t indent)
{
    buffer_char(out, '\n');
    buffer_repeat(out, ' ', indent);
}

static void draw_sentence(struct buffer *out, struct text text, size_t width, size_t indent)
{
    for (;;) {
        size_t size = line_size(text, width);
        buffer_append(out, text.data, size);
        size += size < text.size && text.data[size] == ' ';
        text = (struct text){ text.data + size, text.size - size };
        if (text.size == 0)
            return;
        new_line(out, indent);
    }
}

/* Where the sentence begins, beside the others or below them. */
static size_t sentence_indent(const struct table *table, size_t indent)
{
    if (table->columns[table->column_count - 1].below)
        return indent + BELOW_INDENT;
    for (size_t i = 0; i + 1 < table->column_count; i++)
        indent += table->columns[i].width + GAP;
    return indent;
}

static void draw_row(struct buffer *out, struct table *table, const struct buffer *cells, size_t indent)
{
    const struct column *sentence = sentence_of(table);
    size_t last = table->column_count - 1 - (sentence != NULL && sentence->below);
    buffer_repeat(out, ' ', indent);
    for (size_t i = 0; i < table->column_count; i++) {
        struct text cell = buffer_as_text(&cells[i]);
        if (&table->columns[i] != sentence) {
            draw_cell(out, &table->columns[i], cell, i == last);
            continue;
        }
        if (sentence->below)
            new_line(out, indent + BELOW_INDENT);
        draw_sentence(out, cell, sentence->width, sentence_indent(table, indent));
    }
    buffer_char(out, '\n');
}

static void draw_names(struct buffer *out, struct table *table, size_t indent)
{
    struct buffer *names = mem_zalloc(table->column_count * sizeof(*names));
    for (size_t i = 0; i < table->column_count; i++)
        buffer_printable(&names[i], text_of(table->columns[i].name));
    draw_row(out, table, names, indent);
    for (size_t i = 0; i < table->column_count; i++)
        buffer_free(&names[i]);
    mem_free(names);
}

static void draw_dull(struct buffer *out, struct text names, size_t indent, size_t columns)
{
    struct buffer line = { 0 };
    buffer_string(&line, "0 or none everywhere: ");
    buffer_printable(&line, names);
    buffer_repeat(out, ' ', indent);
    draw_sentence(out, buffer_as_text(&line), columns - indent, indent);
    buffer_char(out, '\n');
    buffer_free(&line);
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
    mark_sentence(&table);
    leave_out_dull(&table, columns - indent, &dull);
    place_sentence(&table, columns - indent);
    shrink(&table, columns - indent);

    draw_names(out, &table, indent);
    for (size_t i = 0; i < table.row_count; i++)
        draw_row(out, &table, &table.cells[i * table.column_count], indent);
    if (dull.size > 0)
        draw_dull(out, buffer_as_text(&dull), indent, columns);
    buffer_free(&dull);
    free_table(&table);
}
