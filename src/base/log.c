#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *column;
} levels[] = {
    [LOG_DEBUG] = { "debug", "DEBUG" },
    [LOG_INFO] = { "info", "INFO " },
    [LOG_WARN] = { "warn", "WARN " },
    [LOG_ERROR] = { "error", "ERROR" },
};

/* The logger: the one module with state of the process, because a line may be due where no context reaches. */
static atomic_int least_level = LOG_INFO;
static atomic_int chosen_form = LOG_AUTO;
static atomic_int output_fd = STDERR_FILENO;
static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct {
    struct text request_id;
    struct text trace_id;
} scope;

struct line {
    const char *component;
    enum log_level level;
    const char *message;
    uint32_t left_out;
    char time[CLOCK_RFC3339_SIZE];
};

void log_set_level(enum log_level level)
{
    atomic_store(&least_level, (int)level);
}

void log_set_form(enum log_form form)
{
    atomic_store(&chosen_form, (int)form);
}

void log_set_fd(int fd)
{
    atomic_store(&output_fd, fd);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void log_scope_begin(struct text request_id, struct text trace_id)
{
    scope.request_id = request_id;
    scope.trace_id = trace_id;
}

void log_scope_end(void)
{
    scope.request_id = scope.trace_id = TEXT_NONE;
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

static void json_field(struct buffer *out, const char *name, struct text value)
{
    if (value.size == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_json_string(out, value);
}

static void draw_json(struct buffer *out, const struct line *line)
{
    buffer_printf(out, "{\"ts\":\"%s\",\"level\":\"%s\"", line->time, levels[line->level].name);
    json_field(out, "component", text_of(line->component));
    buffer_string(out, ",\"message\":");
    buffer_json_string(out, text_of(line->message));
    json_field(out, "request_id", scope.request_id);
    json_field(out, "trace_id", scope.trace_id);
    if (line->left_out > 0)
        buffer_printf(out, ",\"left_out\":%u", line->left_out);
    buffer_string(out, "}\n");
}

static void text_field(struct buffer *out, const char **separator, const char *name, struct text value)
{
    if (value.size == 0)
        return;
    buffer_printf(out, "%s%s=", *separator, name);
    buffer_printable(out, value);
    *separator = ", ";
}

static void draw_text(struct buffer *out, const struct line *line)
{
    const char *separator = " (";
    buffer_printf(out, "%s %s %s: ", line->time, levels[line->level].column, line->component);
    buffer_printable(out, text_of(line->message));
    text_field(out, &separator, "request", scope.request_id);
    text_field(out, &separator, "trace", scope.trace_id);
    if (line->left_out > 0) {
        buffer_printf(out, "%s%u like it left out", separator, line->left_out);
        separator = ", ";
    }
    buffer_string(out, separator[0] == ',' ? ")\n" : "\n");
}

static bool wants_text(int fd)
{
    int form = atomic_load(&chosen_form);
    return form == LOG_TEXT || (form == LOG_AUTO && isatty(fd));
}

/* One call, so that lines of several threads or processes do not mix. A line that the system does not take is lost:
 * there is nowhere left to say so. */
static void put(int fd, const struct buffer *out)
{
    ssize_t written;
    do
        written = write(fd, out->data, out->size);
    while (written < 0 && errno == EINTR);
}

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
{
    int errno_of_caller = errno; /* who logs between a call and its errno must not lose it */
    struct line line = { .component = site->component, .level = level };
    if (!may_write(site, &line.left_out))
        return;

    char message[LOG_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (wanted >= (int)sizeof(message))
        memcpy(message + sizeof(message) - 4, "...", 4);
    line.message = message;
    clock_rfc3339(clock_wall_us(), line.time);

    struct buffer out = { 0 };
    int fd = atomic_load(&output_fd);
    if (wants_text(fd))
        draw_text(&out, &line);
    else
        draw_json(&out, &line);
    put(fd, &out);
    buffer_free(&out);
    errno = errno_of_caller;
}
