#include "work/evidence.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

static void begin_line(struct buffer *line, const struct attempt *attempt, const char *event)
{
    buffer_printf(line,
                  "{\"us\":%" PRId64 ",\"pid\":%d,\"event\":\"%s\",\"topic\":\"%s\",\"partition\":%" PRId32 ",\"offset\":%" PRId64
                  ",\"attempt\":%u,\"key\":",
                  clock_wall_us(), (int)getpid(), event, attempt->topic, attempt->partition, attempt->offset, attempt->number);
    if (attempt->key.data == NULL)
        buffer_string(line, "null");
    else
        buffer_json_string(line, attempt->key);
}

static void write_line(const struct evidence *evidence, struct buffer *line)
{
    buffer_string(line, "}\n");
    if (write(evidence->fd, line->data, line->size) != (ssize_t)line->size)
        log_error("work", "a line of evidence could not be written: %s", strerror(errno));
    buffer_free(line);
}

void evidence_start(const struct evidence *evidence, const struct attempt *attempt)
{
    if (evidence->fd < 0)
        return;
    struct buffer line = { 0 };
    begin_line(&line, attempt, "start");
    write_line(evidence, &line);
}

void evidence_end(const struct evidence *evidence, const struct attempt *attempt, enum outcome outcome)
{
    if (evidence->fd < 0)
        return;
    struct buffer line = { 0 };
    begin_line(&line, attempt, "end");
    buffer_printf(&line, ",\"outcome\":\"%s\"", outcome_name(outcome));
    write_line(evidence, &line);
}

static int refuse(const char *file, struct error *err)
{
    return error_set(err, E_IO, "%s cannot be opened for appending: %s", file, strerror(errno));
}

static bool may_be_made(const char *file)
{
    char *path = mem_strdup(file);
    bool may = access(dirname(path), W_OK | X_OK) == 0;
    mem_free(path);
    return may;
}

int evidence_check(const char *file, struct error *err)
{
    if (file == NULL)
        return 0;
    int fd = open(file, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    else if (errno != ENOENT || file[0] == '\0' || !may_be_made(file))
        return refuse(file, err);
    return 0;
}

int evidence_open(struct evidence *evidence, const char *file, struct error *err)
{
    evidence->fd = -1;
    if (file == NULL)
        return 0;
    evidence->fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (evidence->fd < 0)
        return refuse(file, err);
    return 0;
}

void evidence_close(struct evidence *evidence)
{
    if (evidence->fd >= 0)
        close(evidence->fd);
    evidence->fd = -1;
}
