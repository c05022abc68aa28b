/* log_writer: where lines go. For the log*.c files only.
 *
 *   queue    lines that wait for the thread; a line that finds no room is lost
 *   batch    as many whole lines as a pipe takes at once, so that lines of several processes on one pipe do not mix
 *   lost     lines that found no room or that the descriptor did not take; told by a line of the writer's own as soon as it
 *            takes something again */
#pragma once

#include "base/buffer.h"
#include "base/log.h"

/* Writes the line, which ends with its only line feed, or queues it while the thread runs. Any thread. */
void log_writer_put(int fd, struct text line);

/* Draws the writer's own line: so many lines before it were lost, and why. On the writer's thread. */
typedef void (*log_draw_lost)(struct buffer *out, uint64_t lines, const char *why);

void log_writer_start(int fd, log_draw_lost draw_lost);
void log_writer_flush(uint64_t timeout_us);
void log_writer_stop(uint64_t timeout_us);
void log_writer_count(struct log_counts *counts); /* lost_full, lost_failed */
