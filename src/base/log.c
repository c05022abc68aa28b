#include "base/log.h"

#include "base/clock.h"
#include "base/log_line.h"
#include "base/log_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The logger: the one module with state of the process, because a line may be due where no context reaches. */
static atomic_int least_level = LOG_INFO;
static atomic_int chosen_form = LOG_AUTO;
static atomic_int output_fd = STDERR_FILENO;
static atomic_ullong lines_by_level[LOG_LEVELS];
static atomic_ullong lines_left_out;
static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local const struct log_scope *scope;

void log_set_level(enum log_level level)
{
    atomic_store(&least_level, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load(&least_level);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void log_set_form(enum log_form form)
{
    atomic_store(&chosen_form, (int)form);
}

void log_set_fd(int fd)
{
    atomic_store(&output_fd, fd);
}

void log_scope_begin(struct log_scope *inner)
{
    inner->around = scope;
    scope = inner;
}

void log_scope_end(void)
{
    scope = scope->around;
}

/* Returns false if the site has had its lines for now; else how many it had to leave out before this one. */
static bool may_write(struct log_site *site, uint32_t *left_out)
{
    *left_out = 0;
    if (site->every_line)
        return true;

    uint64_t now_us = clock_us();
    pthread_mutex_lock(&sites_lock);
    if (site->window_us == 0 || now_us - site->window_us >= LOG_SITE_WINDOW_US) {
        site->window_us = now_us;
        site->written = 0;
    }
    bool allowed = site->written < LOG_SITE_LINES;
    if (allowed) {
        site->written++;
        *left_out = site->left_out;
        site->left_out = 0;
    } else {
        site->left_out++;
    }
    pthread_mutex_unlock(&sites_lock);
    return allowed;
}

static bool wants_text(int fd)
{
    int form = atomic_load(&chosen_form);
    return form == LOG_TEXT || (form == LOG_AUTO && isatty(fd));
}

static void draw(struct buffer *out, int fd, const struct log_line *line)
{
    if (wants_text(fd))
        log_line_text(out, line);
    else
        log_line_json(out, line);
}

static void put(const struct log_line *line)
{
    struct buffer out = { 0 };
    int fd = atomic_load(&output_fd);
    draw(&out, fd, line);
    log_writer_put(fd, buffer_as_text(&out));
    buffer_free(&out);
    atomic_fetch_add_explicit(&lines_by_level[line->level], 1, memory_order_relaxed);
}

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
{
    int errno_of_caller = errno; /* who logs between a call and its errno must not lose it */
    struct log_line line = { .component = site->component, .level = level, .scope = scope };
    if (!may_write(site, &line.left_out)) {
        atomic_fetch_add_explicit(&lines_left_out, 1, memory_order_relaxed);
        return;
    }

    char message[LOG_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (wanted >= (int)sizeof(message))
        memcpy(message + sizeof(message) - 4, "...", 4);
    line.message = message;
    put(&line);
    errno = errno_of_caller;
}

/* ---- the writer */

static void draw_lost(struct buffer *out, uint64_t lines, const char *why)
{
    char message[256];
    snprintf(message, sizeof(message), "%llu lines of the log are lost: %s", (unsigned long long)lines, why);
    draw(out, atomic_load(&output_fd), &(struct log_line){ .component = "log", .level = LOG_WARN, .message = message });
}

void log_start(void)
{
    log_writer_start(atomic_load(&output_fd), draw_lost);
}

void log_flush(uint64_t timeout_us)
{
    log_writer_flush(timeout_us);
}

void log_stop(uint64_t timeout_us)
{
    log_writer_stop(timeout_us);
}

void log_count(struct log_counts *counts)
{
    for (int level = 0; level < LOG_LEVELS; level++)
        counts->lines[level] = atomic_load_explicit(&lines_by_level[level], memory_order_relaxed);
    counts->left_out = atomic_load_explicit(&lines_left_out, memory_order_relaxed);
    log_writer_count(counts);
}
