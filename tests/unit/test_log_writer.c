#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_US 10000000

static struct log_counts before;

static uint64_t lost_full(void)
{
    struct log_counts now;
    log_count(&now);
    return now.lost_full - before.lost_full;
}

static uint64_t lost_failed(void)
{
    struct log_counts now;
    log_count(&now);
    return now.lost_failed - before.lost_failed;
}

static void given_a_writer_to(int fd)
{
    log_set_fd(fd);
    log_set_form(LOG_JSON);
    log_count(&before);
    log_start();
}

static void say(int from, int to)
{
    for (int i = from; i < to; i++)
        log_each("test", "line %d of many that are about as long as usual lines are", i);
}

/* What a test has lost is told where nobody looks, so that the next one begins with nothing. */
static int back_to_stderr(void **state)
{
    log_stop(PATIENCE_US);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    given_a_writer_to(nowhere);
    say(0, 1);
    log_stop(PATIENCE_US);
    close(nowhere);
    log_set_fd(STDERR_FILENO);
    log_set_form(LOG_AUTO);
    return 0;
}

/* What is written into a pipe, until its writing end is closed. */
struct reading {
    int fd;
    pthread_t thread;
    char *text;
    size_t size;
};

static void *read_all(void *arg)
{
    struct reading *reading = arg;
    size_t capacity = 16 << 20;
    reading->text = malloc(capacity);
    ssize_t got;
    while ((got = read(reading->fd, reading->text + reading->size, capacity - 1 - reading->size)) > 0)
        reading->size += (size_t)got;
    reading->text[reading->size] = '\0';
    return NULL;
}

static void begin_reading(struct reading *reading, int fd)
{
    *reading = (struct reading){ .fd = fd };
    assert_int_equal(pthread_create(&reading->thread, NULL, read_all, reading), 0);
}

static void end_reading(struct reading *reading)
{
    pthread_join(reading->thread, NULL);
    close(reading->fd);
}

/* How many lines of `say` there are; each must be whole, and higher than the one before. */
static int count_in_order(char *text)
{
    int count = 0, last = -1, number;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        assert_int_equal(line[0], '{');
        assert_int_equal(line[strlen(line) - 1], '}');
        char *message = strstr(line, "\"message\":\"line ");
        if (message == NULL)
            continue;
        assert_int_equal(sscanf(message, "\"message\":\"line %d", &number), 1);
        assert_true(number > last);
        last = number;
        count++;
    }
    return count;
}

static uint64_t told_as_lost(const char *text)
{
    unsigned long long lines, sum = 0;
    while ((text = strstr(text, "\"message\":\"")) != NULL) {
        text += strlen("\"message\":\"");
        if (sscanf(text, "%llu lines of the log are lost", &lines) == 1)
            sum += lines;
    }
    return sum;
}

static void what_is_read_arrives_whole_and_in_order(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct reading reading;
    given_a_writer_to(ends[1]);
    begin_reading(&reading, ends[0]);
    for (int i = 0; i < 20000; i += 1000) {
        say(i, i + 1000);
        log_flush(PATIENCE_US);
    }
    log_stop(PATIENCE_US);
    close(ends[1]);
    end_reading(&reading);
    assert_int_equal(count_in_order(reading.text), 20000);
    assert_int_equal(lost_full() + lost_failed(), 0);
    free(reading.text);
}

static void nobody_waits_for_a_pipe_that_nobody_reads(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    given_a_writer_to(ends[1]);
    alarm(60); /* or this would stand still for ever */
    say(0, 20000);
    alarm(0);
    uint64_t lost = lost_full();
    assert_true(lost > 10000);

    struct reading reading;
    begin_reading(&reading, ends[0]);
    log_flush(PATIENCE_US);
    log_stop(PATIENCE_US);
    close(ends[1]);
    end_reading(&reading);
    assert_int_equal(told_as_lost(reading.text), lost);
    assert_int_equal(count_in_order(reading.text) + (int)lost, 20000);
    free(reading.text);
}

static void the_end_of_the_process_does_not_wait_for_ever(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    given_a_writer_to(ends[1]);
    say(0, 2000);
    alarm(60);
    log_flush(50000);
    log_stop(50000);
    say(2000, 2001);
    alarm(0);
    close(ends[0]); /* so that the thread can end */
    log_stop(PATIENCE_US);
    close(ends[1]);
}

static void a_full_disk_loses_lines_which_are_counted_and_told_when_there_is_room(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    given_a_writer_to(fd);
    say(0, 100);
    log_flush(PATIENCE_US);
    assert_int_equal(lost_failed(), 100);

    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], fd), fd);
    say(100, 101);
    log_flush(PATIENCE_US);
    char page[4096];
    ssize_t got = read(ends[0], page, sizeof(page) - 1);
    assert_true(got > 0);
    page[got] = '\0';
    assert_non_null(strstr(page, "line 100 "));
    assert_non_null(strstr(page, "100 lines of the log are lost: No space left on device"));
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static void a_closed_pipe_ends_nothing(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    given_a_writer_to(ends[1]);
    say(0, 10);
    log_flush(PATIENCE_US);
    assert_int_equal(lost_failed(), 10);
    close(ends[1]);
}

static void a_line_that_was_torn_by_a_full_disk_gets_an_end(void **state)
{
    char path[] = "/tmp/millrace-log-XXXXXX";
    int fd = mkstemp(path);
    struct rlimit limit, small;
    assert_true(fd >= 0);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 300; /* a line has about 170 bytes */
    given_a_writer_to(fd);
    setrlimit(RLIMIT_FSIZE, &small);
    say(0, 3);
    log_flush(PATIENCE_US);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_true(lost_failed() >= 1);
    say(3, 4);
    log_flush(PATIENCE_US);

    char page[4096];
    ssize_t got = pread(fd, page, sizeof(page) - 1, 0);
    assert_true(got > 300);
    page[got] = '\0';
    assert_int_equal(page[300], '\n');
    assert_int_equal(page[301], '{');
    assert_non_null(strstr(page + 301, "line 3 "));
    close(fd);
    unlink(path);
}

static void after_its_end_lines_are_written_where_they_are_logged(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    given_a_writer_to(ends[1]);
    log_stop(PATIENCE_US);
    say(0, 1);
    char page[4096];
    assert_true(read(ends[0], page, sizeof(page)) > 0);
    close(ends[0]);
    close(ends[1]);
}

#define writer_test(name) cmocka_unit_test_teardown(name, back_to_stderr)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        writer_test(what_is_read_arrives_whole_and_in_order),
        writer_test(nobody_waits_for_a_pipe_that_nobody_reads),
        writer_test(the_end_of_the_process_does_not_wait_for_ever),
        writer_test(a_full_disk_loses_lines_which_are_counted_and_told_when_there_is_room),
        writer_test(a_closed_pipe_ends_nothing),
        writer_test(a_line_that_was_torn_by_a_full_disk_gets_an_end),
        writer_test(after_its_end_lines_are_written_where_they_are_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
