/* log: one line an event that matters, on stderr: text where stderr is a terminal, JSON otherwise.
 *
 * Text:  2026-01-31T23:59:59.123456Z INFO  producer: broker 1 is away (request=..., trace=...)
 * JSON:  {"ts":"...","level":"info","component":"producer","message":"...","request_id":"...","trace_id":"..."}
 *
 * The logger is the one thing with state of the whole process: level, form, and descriptor; and for each thread the ids
 * of the request that it is working on. Lines may come from any thread; each is one write(2), cut at LOG_MESSAGE_SIZE.
 * Whatever a message holds, a line stays one line, and JSON stays JSON: control characters and invalid UTF-8 are escaped.
 *
 * Lines of one call site are limited to LOG_SITE_LINES in LOG_SITE_WINDOW_US; the next line that is written says how many
 * were left out ("left_out":12). Debug lines are not limited: who asks for them wants them all. */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_MESSAGE_SIZE   2048
#define LOG_SITE_LINES     10
#define LOG_SITE_WINDOW_US 10000000

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_form { LOG_AUTO, LOG_TEXT, LOG_JSON };

struct log_site {
    const char *component; /* the module: "http", "producer" */
    bool every_line;       /* not limited */
    uint64_t window_us;    /* the logger's own: start of the counting window */
    uint32_t written, left_out;
};

void log_set_level(enum log_level level); /* default LOG_INFO */
void log_set_form(enum log_form form);
void log_set_fd(int fd); /* default 2; for tests */
bool log_enabled(enum log_level level);

/* The ids that lines of this thread carry until log_scope_end; texts are borrowed until then. */
void log_scope_begin(struct text request_id, struct text trace_id);
void log_scope_end(void);

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
