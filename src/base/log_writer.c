#include "base/log_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_BYTES PIPE_BUF    /* of a pipe: all at once, or nothing (pipe(7)) */
#define LINE_BYTES  (64 * 1024) /* a longer line is lost: a message has 12 KiB at most, if all of it is escaped */

/* State of the process, like the logger whose hand it is. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;  /* for the thread */
    pthread_cond_t emptied; /* for who flushes */
    bool running, stopping;
    bool waits;   /* the thread, for `filled` */
    bool writing; /* the thread, what it took out of the queue */
    bool torn;    /* the thread's last write ended within a line */
    int fd;       /* of the thread */
    log_draw_lost draw_lost;

    size_t head, used; /* of the queue */
    uint64_t lost_full, lost_failed;
    uint64_t untold; /* of the lost ones */
    const char *why;
    char queue[LOG_QUEUE_BYTES];
} writer = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- the descriptor */

static size_t count_lines(const char *data, size_t size)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

/* Returns how much of it was taken; errno tells why no more. Only the thread waits for a descriptor that is non-blocking. */
static size_t write_out(int fd, const char *data, size_t size, bool waits)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(fd, data + done, size - done);
        if (written > 0)
            done += (size_t)written;
        else if (written < 0 && errno == EAGAIN && waits)
            poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
        else if (written == 0 || errno != EINTR)
            break;
    }
    return done;
}

static void note_lost(uint64_t *counter, uint64_t lines, const char *why)
{
    *counter += lines;
    writer.untold += lines;
    writer.why = why;
}

/* ---- the thread */

static void copy_out(char *to, size_t size)
{
    size_t first = LOG_QUEUE_BYTES - writer.head < size ? LOG_QUEUE_BYTES - writer.head : size;
    memcpy(to, writer.queue + writer.head, first);
    memcpy(to + first, writer.queue, size - first);
}

/* The size of the next batch: whole lines, one at least. */
static size_t batch_size(const char *data, size_t size)
{
    const char *end = size <= BATCH_BYTES ? NULL : memrchr(data, '\n', BATCH_BYTES);
    if (end == NULL)
        end = size <= BATCH_BYTES ? data + size - 1 : memchr(data, '\n', size);
    return (size_t)(end - data) + 1;
}

static size_t take_batch(char batch[LINE_BYTES])
{
    size_t size = writer.used < LINE_BYTES ? writer.used : LINE_BYTES;
    copy_out(batch, size);
    size = batch_size(batch, size);
    writer.head = (writer.head + size) % LOG_QUEUE_BYTES;
    writer.used -= size;
    if (writer.used == 0)
        writer.head = 0; /* so that a queue that never was full never touched all its memory */
    return size;
}

/* With the lock, which is let go meanwhile. Returns how many lines were not taken, with errno. A line that was torn by a full disk
 * gets an end before the next one. */
static size_t write_lines(const char *data, size_t size)
{
    size_t done = 0;
    pthread_mutex_unlock(&writer.lock);
    if (!writer.torn || write_out(writer.fd, "\n", 1, true) == 1) {
        done = write_out(writer.fd, data, size, true);
        writer.torn = done > 0 && data[done - 1] != '\n';
    }
    size_t lost = count_lines(data + done, size - done);
    pthread_mutex_lock(&writer.lock);
    return lost;
}

static void tell_lost(void)
{
    uint64_t lines = writer.untold;
    struct buffer line = { 0 };
    writer.draw_lost(&line, lines, writer.why);
    if (write_lines(line.data, line.size) == 0)
        writer.untold -= lines;
    buffer_free(&line);
}

static void wait_for_lines(void)
{
    writer.writing = false;
    pthread_cond_broadcast(&writer.emptied);
    writer.waits = true;
    while (writer.used == 0 && !writer.stopping)
        pthread_cond_wait(&writer.filled, &writer.lock);
    writer.waits = false;
    writer.writing = true;
}

static void *run(void *arg)
{
    static char batch[LINE_BYTES];
    pthread_mutex_lock(&writer.lock);
    wait_for_lines();
    while (writer.used > 0) {
        size_t size = take_batch(batch);
        size_t lost = write_lines(batch, size);
        if (lost > 0)
            note_lost(&writer.lost_failed, lost, strerror(errno));
        else if (writer.untold > 0)
            tell_lost();
        if (writer.used == 0)
            wait_for_lines();
    }
    writer.running = false;
    pthread_cond_broadcast(&writer.emptied);
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

/* ---- for the logger */

static void enqueue(struct text line)
{
    if (line.size > LOG_QUEUE_BYTES - writer.used || line.size > LINE_BYTES) {
        note_lost(&writer.lost_full, 1, "nobody took them in time");
        return;
    }
    size_t tail = (writer.head + writer.used) % LOG_QUEUE_BYTES;
    size_t first = LOG_QUEUE_BYTES - tail < line.size ? LOG_QUEUE_BYTES - tail : line.size;
    memcpy(writer.queue + tail, line.data, first);
    memcpy(writer.queue, line.data + first, line.size - first);
    writer.used += line.size;
    if (writer.waits)
        pthread_cond_signal(&writer.filled);
}

void log_writer_put(int fd, struct text line)
{
    pthread_mutex_lock(&writer.lock);
    bool queued = writer.running;
    if (queued)
        enqueue(line);
    pthread_mutex_unlock(&writer.lock);
    if (queued || write_out(fd, line.data, line.size, false) == line.size)
        return;
    pthread_mutex_lock(&writer.lock);
    note_lost(&writer.lost_failed, 1, strerror(errno));
    pthread_mutex_unlock(&writer.lock);
}

/* Signals are for the threads that expect them. */
static bool start_thread(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
    return started;
}

static void init_conditions(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer.filled, &attributes);
    pthread_cond_init(&writer.emptied, &attributes);
    pthread_condattr_destroy(&attributes);
}

void log_writer_start(int fd, log_draw_lost draw_lost)
{
    init_conditions();
    pthread_mutex_lock(&writer.lock);
    writer.fd = fd;
    writer.draw_lost = draw_lost;
    writer.stopping = false;
    writer.writing = true; /* until it waits for the first time */
    writer.running = start_thread();
    pthread_mutex_unlock(&writer.lock);
}

static struct timespec after(uint64_t timeout_us)
{
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_sec += (time_t)(timeout_us / 1000000);
    due.tv_nsec += (long)(timeout_us % 1000000) * 1000;
    if (due.tv_nsec >= 1000000000) {
        due.tv_sec++;
        due.tv_nsec -= 1000000000;
    }
    return due;
}

static void flush_until(const struct timespec *due)
{
    while (writer.running && (writer.used > 0 || writer.writing))
        if (pthread_cond_timedwait(&writer.emptied, &writer.lock, due) != 0)
            return;
}

void log_writer_flush(uint64_t timeout_us)
{
    struct timespec due = after(timeout_us);
    pthread_mutex_lock(&writer.lock);
    flush_until(&due);
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_stop(uint64_t timeout_us)
{
    struct timespec due = after(timeout_us);
    pthread_mutex_lock(&writer.lock);
    writer.stopping = true;
    if (writer.waits)
        pthread_cond_signal(&writer.filled);
    while (writer.running)
        if (pthread_cond_timedwait(&writer.emptied, &writer.lock, &due) != 0)
            break;
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_count(struct log_counts *counts)
{
    pthread_mutex_lock(&writer.lock);
    counts->lost_full = writer.lost_full;
    counts->lost_failed = writer.lost_failed;
    pthread_mutex_unlock(&writer.lock);
}
