/* stats_table: an array of JSON objects as a table of text; for stats_text, and what is drawn beside it. One thread. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <yyjson.h>

/* True for an array of objects that are not all empty. */
bool table_fits(yyjson_mut_val *value);

/* True if one row at least has a table of its own under this name: such a column is not drawn by table_draw. */
bool table_column_is_nested(yyjson_mut_val *rows, const char *name);

/* Appends the table: a line of names, then a line a row; numbers to the right. A table wider than `columns` cuts its
 * longest texts ("..."), never its numbers: a cut number lies. If that is not enough, columns that are 0 or empty in every row are left
 * out, and named below. One that cannot be made to fit even so is not cut at all. A last column of sentences (`why`) is never cut: it goes
 * on below its own beginning, or, where the others leave no room for it, on lines below its row. */
void table_draw(struct buffer *out, yyjson_mut_val *rows, size_t indent, size_t columns);

/* Places that a text takes on the terminal once it is printable; a wide character counts as one. */
size_t table_width(struct text text);

/* Any value on one line: text as it is, numbers with three decimals at most, "-" for null, "none" for what is empty, the rest as JSON. */
void stats_scalar(struct buffer *out, yyjson_mut_val *value);
