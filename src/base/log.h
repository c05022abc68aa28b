/* log: one line an event that matters, on stderr: text where stderr is a terminal, JSON otherwise.
 *
 * Text:  2026-01-31T23:59:59.123456Z INFO  producer: broker 1 is away (request=..., trace=...)
 * JSON:  {"@timestamp":"...","log.level":"info","message":"...","ecs.version":"8.11.0","log.logger":"producer",
 *         "http.request.id":"...","trace.id":"...","millrace.stream":"jobs", ...}
 *
 *   site     a place in the code that logs; it is limited to LOG_SITE_LINES in LOG_SITE_WINDOW_US, and the next line that it
 *            writes says how many were left out. Debug lines are not limited: who asks for them wants them all
 *   scope    what lines of a thread are about, for as long as it is open: ids, and fields of the JSON form
 *   writer   a thread that writes the lines, so that nobody waits for a pipe that is not read or a disk that hangs. What does
 *            not fit into LOG_QUEUE_BYTES meanwhile, or is not taken by the descriptor, is lost, counted, and told when lines
 *            go out again. Before log_start and after log_stop each line is written where it is logged
 *
 * Names of the JSON form are those of the Elastic Common Schema (the first five are what ecs-logging demands of a line), and of
 * OpenTelemetry's semantic conventions where that has none. docs/observability.md lists them.
 *
 * The logger is the one thing with state of the whole process. Lines may come from any thread; a message is cut at
 * LOG_MESSAGE_SIZE. Whatever it holds, a line stays one line, and JSON stays JSON. */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_MESSAGE_SIZE   2048
#define LOG_SITE_LINES     10
#define LOG_SITE_WINDOW_US 10000000
#define LOG_QUEUE_BYTES    (1024 * 1024) /* touched as far as it was ever filled */
#define LOG_FAREWELL_US    1000000       /* what a process that ends waits for its last lines to be taken */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
#define LOG_LEVELS 4
enum log_form { LOG_AUTO, LOG_TEXT, LOG_JSON };

struct log_site {
    const char *component; /* the module: "http", "producer" */
    bool every_line;       /* not limited */
    uint64_t window_us;    /* the logger's own: start of the counting window */
    uint32_t written, left_out;
};

void log_set_level(enum log_level level); /* default LOG_INFO */
enum log_level log_level(void);
const char *log_level_name(enum log_level level); /* "warn" */
bool log_enabled(enum log_level level);
void log_set_form(enum log_form form);
void log_set_fd(int fd); /* default 2; for tests */

/* --- the writer --- */

/* From now on lines are written by a thread of their own; without one (no thread to be had) all stays as it was. Ignore SIGPIPE before. */
void log_start(void);

/* Waits until what was logged is written, or for `timeout_us`: before _exit and abort. */
void log_flush(uint64_t timeout_us);

/* The same, and the thread ends, unless the descriptor still keeps it: then it ends with the process. */
void log_stop(uint64_t timeout_us);

/* Since the process began. */
struct log_counts {
    uint64_t lines[LOG_LEVELS]; /* by level; those that were lost count too */
    uint64_t left_out;          /* by the limit of their site */
    uint64_t lost_full;         /* because nobody took the lines before them */
    uint64_t lost_failed;       /* because the descriptor did not take them: a full disk, a closed pipe */
};

void log_count(struct log_counts *counts);

/* --- what lines are about --- */

enum log_field_type { LOG_FIELD_TEXT, LOG_FIELD_NUMBER, LOG_FIELD_ID /* a number that is written as a text */ };

struct log_field {
    const char *name;
    enum log_field_type type;
    struct text text;
    int64_t number;
};

static inline struct log_field log_text(const char *name, struct text text)
{
    return (struct log_field){ .name = name, .type = LOG_FIELD_TEXT, .text = text };
}

static inline struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){ .name = name, .type = LOG_FIELD_NUMBER, .number = number };
}

static inline struct log_field log_id(const char *name, int64_t number)
{
    return (struct log_field){ .name = name, .type = LOG_FIELD_ID, .number = number };
}

/* Lives on the stack of who opens it. An id that is absent in it is that of the scope around it; fields of both are told, and of two with
 * the same name the inner one. */
struct log_scope {
    struct text request_id, trace_id; /* in the text form too */
    const struct log_field *fields;   /* JSON only: in the text form the message tells it */
    size_t field_count;
    const struct log_scope *around; /* the logger's own */
};

/* For lines of this thread until log_scope_end; `scope` and its texts are borrowed until then. Scopes nest. */
void log_scope_begin(struct log_scope *scope);
void log_scope_end(void);

/* --- a line --- */

void log_write(struct log_site *site, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_at(level, component, every_line, ...)                              \
    do {                                                                       \
        static struct log_site log_site_ = { component, every_line, 0, 0, 0 }; \
        if (log_enabled(level))                                                \
            log_write(&log_site_, level, __VA_ARGS__);                         \
    } while (0)

#define log_debug(component, ...) log_at(LOG_DEBUG, component, true, __VA_ARGS__)
#define log_info(component, ...)  log_at(LOG_INFO, component, false, __VA_ARGS__)
#define log_warn(component, ...)  log_at(LOG_WARN, component, false, __VA_ARGS__)
#define log_error(component, ...) log_at(LOG_ERROR, component, false, __VA_ARGS__)

/* A line at info level for each call, for what its caller samples itself: the access log. */
#define log_each(component, ...) log_at(LOG_INFO, component, true, __VA_ARGS__)
