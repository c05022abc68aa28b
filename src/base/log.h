/* log: one line an event that matters, on stderr: text where stderr is a terminal, JSON otherwise.
 *
 * Text:  2026-01-31T23:59:59.123456Z INFO  producer: broker 1 is away (request=..., trace=...)
 * JSON:  {"ts":"...","level":"info","component":"producer","message":"...","request_id":"...","trace_id":"..."}
 *
 * The logger is the one thing with state of the whole process: level, form, and the ids of the request
 * that the loop thread is working on. Lines may come from any thread; each is one write(2).
 * Equal lines (same call site) are limited to 10 in 10 s; what was left out is counted in the next. */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_form { LOG_AUTO, LOG_TEXT, LOG_JSON };

struct log_site {
    const char *component; /* the module: "http", "producer" */
    uint64_t window_us;    /* the logger's own: start of the counting window */
    uint32_t written, left_out;
};

void log_set_level(enum log_level level); /* any thread */
void log_set_form(enum log_form form);
void log_set_fd(int fd); /* default 2; for tests */
bool log_enabled(enum log_level level);

/* The ids that lines of this thread carry until log_scope_end; texts are borrowed until then. */
void log_scope_begin(struct text request_id, struct text trace_id);
void log_scope_end(void);

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_at(level, component, ...)                                                                                  \
    do {                                                                                                               \
        static struct log_site log_site_ = { component, 0, 0, 0 };                                                     \
        if (log_enabled(level))                                                                                        \
            log_write(&log_site_, level, __VA_ARGS__);                                                                 \
    } while (0)

#define log_debug(component, ...) log_at(LOG_DEBUG, component, __VA_ARGS__)
#define log_info(component, ...) log_at(LOG_INFO, component, __VA_ARGS__)
#define log_warn(component, ...) log_at(LOG_WARN, component, __VA_ARGS__)
#define log_error(component, ...) log_at(LOG_ERROR, component, __VA_ARGS__)
