/* log_line: how a line of the log looks. For the log*.c files only. */
#pragma once

#include "base/buffer.h"
#include "base/log.h"

struct log_line {
    const char *component;
    enum log_level level;
    const char *message;
    uint32_t left_out;
    const struct log_scope *scope; /* the innermost; NULL: none */
};

/* Appends the line, with its end, as of now. */
void log_line_json(struct buffer *out, const struct log_line *line);
void log_line_text(struct buffer *out, const struct log_line *line);
